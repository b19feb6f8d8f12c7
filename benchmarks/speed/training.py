"""The feature pass of a training: decoded once, computed once, kept on disk; and what it holds in memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, Setting
from pictures import SMALL, make
from processes import IMGWATCH, TELL_PEAK, Peak, Workspace

_PASS = (
    """
import sys, time
from pathlib import Path
from imgwatch.settings import TrainSettings
from imgwatch_train.data.dataset import gather
from imgwatch_train.perceptual.features import Backbone, FeatureStore
from imgwatch.progress import silent
from imgwatch_train.job import Job
from imgwatch_train.perceptual.recipe import BACKBONE, sampled

home = Path(sys.argv[1])
job = Job((home / "pictures",), TrainSettings(workers=2), home / "model.onnx")
backbone = Backbone(BACKBONE, 2)
start = time.perf_counter()
home.joinpath("model-checkpoint").mkdir(exist_ok=True)
pixels, index = gather(job, backbone.shape, None, silent)
decoded = time.perf_counter() - start
with pixels, FeatureStore(home / "features.sqlite", backbone) as store:
    pictures, index = sampled(job, pixels, index)
    digests = [entry.sha256 for entry in index.entries]
    store.gather(digests, lambda rows: pictures[rows], lambda done, total: None)
took = time.perf_counter() - start - decoded
"""
    + TELL_PEAK
    + "print(decoded, took, peak)"
)


def features(setting: Setting) -> Iterator[Figure]:
    """0.1-megapixel pictures: a first pass, a second one over the same pictures, and ten times as many."""
    few, many = setting.sized(2000, 600), setting.sized(20_000, 2000)
    pictures = make(setting.pictures / "small", 200, SMALL)
    home = _folder(setting, pictures, few)
    decoded, computed, small = _pass(home)
    shutil.rmtree(home / "model-checkpoint")
    again, cached, _ = _pass(home)
    full = _folder(setting, pictures, many)
    _, _, large = _pass(full)
    yield Figure(f"training: decoding {few:,} pictures", decoded, "s")
    yield Figure(f"training: features of {few:,} pictures, the first time", computed, "s")
    yield Figure(f"training: decoding again, and {few:,} cached features", again + cached, "s")
    yield Figure("training: cached pass / decoding", (again + cached) / again, "", at_most=1.2)
    yield Figure(f"training: peak memory of the feature pass with {few:,}", small, "MB")
    yield Figure(f"training: peak memory of the feature pass with {many:,}", large, "MB")
    (small_peak, took), (large_peak, _) = (_train(folder) for folder in (home, full))
    yield Figure(f"training: `train` with {few:,}, processor time", took, "s")
    yield Figure(f"training: peak memory of `train` with {few:,}", small_peak, "MB")
    yield Figure(f"training: peak memory of `train` with {many:,}", large_peak, "MB")
    yield Figure(f"training: peak with {many:,} / with {few:,}", large_peak / small_peak, "", at_most=1.1)


def _folder(setting: Setting, pictures: list[Path], count: int) -> Path:
    """Make a folder of so many files, no two with the same bytes."""
    home = setting.scratch / str(count)
    (home / "pictures").mkdir(parents=True)
    contents = [path.read_bytes() for path in pictures]
    for number in range(count):
        content = contents[number % len(contents)] + number.to_bytes(8, "big")
        (home / "pictures" / f"{number:06}.jpg").write_bytes(content)
    return home


def _train(home: Path) -> tuple[float, float]:
    """Train on the folder, nothing cached; return the most memory of all processes in MB, and their processor time."""
    config = Workspace(home).set_up().config
    command = [
        IMGWATCH,
        "train",
        home / "pictures",
        "--out",
        home / "trained.onnx",
        "--config",
        config,
        "--yes",
    ]
    fresh = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "XDG_CACHE_HOME": str(home / "cache")}
    quiet = subprocess.DEVNULL
    with (
        subprocess.Popen(command, stdout=quiet, stderr=quiet, env=fresh) as process,
        Peak(process.pid) as peak,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"training ended with {process.returncode}")
    return peak.megabytes, used.ru_utime + used.ru_stime


def _pass(home: Path) -> tuple[float, float, float]:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", _PASS, home], stdout=subprocess.PIPE, env=quiet, check=True)
    decoded, computed, peak = map(float, done.stdout.split())
    return decoded, computed, peak
