"""The same pictures by other ways: Keras as its tutorials do it, and cleanvision's find_issues."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, Setting, median_of, medians_of
from judging import inbox_of, rates_beside, rescan_rate
from pictures import LARGE, SMALL, make
from processes import Workspace

_CLEANVISION = """
import sys, time
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1], verbose=False)
start = time.perf_counter()
lab.find_issues(n_jobs=2, verbose=False)
sys.stderr.write(str(time.perf_counter() - start))
"""


def keras(setting: Setting) -> Iterator[Figure]:
    """The preset `conv`, the same network, in Keras and in imgwatch, on small and on 12-megapixel JPEGs."""
    small = make(setting.pictures / "small", 200, SMALL), setting.sized(600, 200)
    large = make(setting.pictures / "large", 24, LARGE), setting.sized(96, 64)
    model = setting.scratch / "conv.onnx"
    for name, (pictures, count) in (("0.1 MP", small), ("12 MP", large)):
        workspace = inbox_of(setting, pictures, count)
        command = [sys.executable, Path(__file__).with_name("keras_way.py"), workspace.inbox, model]

        def classic(command: list[object] = command) -> float:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)  # type: ignore[arg-type]
            return float(done.stdout.split()[-1])

        def ours(workspace: Workspace = workspace, count: int = count) -> float:
            workspace.set_up(threads=2, model=str(model), threshold={"score": 1e9})
            return rescan_rate(workspace, count)

        theirs, rate = medians_of(setting.runs, classic, ours)
        yield Figure(f"Keras load_img + predict, {name}, conv", theirs, "pictures/s")
        yield Figure(f"rescan, {name}, conv", rate, "pictures/s")
        yield Figure(f"rescan / Keras, {name}", rate / theirs, "", at_least=5)
        decode, network, _ = rates_beside(setting, workspace, model, classic)
        limit = 1 / (1 / decode + 1 / network)
        yield Figure(f"decode and model alone, sharing the processors / Keras, {name}", limit / theirs, "")


def cleanvision(setting: Setting) -> Iterator[Figure]:
    """The same folders by cleanvision's find_issues with two processes, and by `rescan` with the model that ships."""
    if not setting.peers.exists():
        print("no peers: `make bench` installs them", file=sys.stderr)
        return
    small = make(setting.pictures / "small", 200, SMALL), setting.sized(600, 200)
    large = make(setting.pictures / "large", 24, LARGE), setting.sized(48, 24)
    for name, (pictures, count) in (("0.1 MP", small), ("12 MP", large)):
        workspace = inbox_of(setting, pictures, count)
        command = [setting.peers, "-c", _CLEANVISION, workspace.inbox]

        def theirs(command: list[object] = command, count: int = count) -> float:
            done = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, check=True)  # type: ignore[arg-type]
            return count / float(done.stderr.split()[-1])

        their_rate, rate = (
            median_of(setting.runs, theirs),
            median_of(
                setting.runs,
                lambda workspace=workspace, count=count: rescan_rate(workspace, count),  # type: ignore[misc]
            ),
        )
        yield Figure(f"cleanvision, {name}", their_rate, "pictures/s")
        yield Figure(f"rescan / cleanvision, {name}", rate / their_rate, "", at_least=1)
