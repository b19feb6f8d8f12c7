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

_PASS = """
import resource, sys, time
from pathlib import Path
from imgwatch.settings import TrainSettings
from imgwatch_train.dataset import gather
from imgwatch_train.features import Backbone, FeatureStore
from imgwatch_train.job import Job, silent
from imgwatch_train.perceptual import BACKBONE

home = Path(sys.argv[1])
job = Job((home / "pictures",), TrainSettings(workers=2), home / "model.onnx")
backbone = Backbone(BACKBONE, 2)
start = time.perf_counter()
home.joinpath("model-checkpoint").mkdir(exist_ok=True)
pixels, index = gather(job, backbone.shape, None, silent)
decoded = time.perf_counter() - start
with pixels, FeatureStore(home / "features.sqlite", backbone) as store:
    digests = [entry.sha256 for entry in index.entries]
    store.gather(digests, lambda rows: pixels[rows], lambda done, total: None)
took = time.perf_counter() - start - decoded
print(decoded, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def features(setting: Setting) -> Iterator[Figure]:
    """0.1-megapixel pictures: a first pass, a second one over the same pictures, and ten times as many."""
    few, many = setting.sized(200, 60), setting.sized(2000, 600)
    pictures = make(setting.pictures / "small", 200, SMALL)
    _, _, small = _pass(_folder(setting, pictures, few))
    home = _folder(setting, pictures, many)
    decoded, computed, large = _pass(home)
    shutil.rmtree(home / "model-checkpoint")
    again, cached, _ = _pass(home)
    yield Figure(f"training: decoding {many} pictures", decoded, "s")
    yield Figure(f"training: features of {many} pictures, the first time", computed, "s")
    yield Figure(f"training: decoding again, and {many} cached features", again + cached, "s")
    yield Figure("training: cached pass / decoding", (again + cached) / again, "", at_most=1.2)
    yield Figure(f"training: peak memory with {few}", small, "MB")
    yield Figure(f"training: peak memory with {many}", large, "MB")
    growth = (large - small) / (many - few) * 18_000
    yield Figure("training: growth of the peak from 2,000 to 20,000, by that slope", growth, "MB")


def _folder(setting: Setting, pictures: list[Path], count: int) -> Path:
    """Make a folder of so many files, no two with the same bytes."""
    home = setting.scratch / str(count)
    (home / "pictures").mkdir(parents=True)
    contents = [path.read_bytes() for path in pictures]
    for number in range(count):
        content = contents[number % len(contents)] + number.to_bytes(8, "big")
        (home / "pictures" / f"{number:06}.jpg").write_bytes(content)
    return home


def _pass(home: Path) -> tuple[float, float, float]:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", _PASS, home], stdout=subprocess.PIPE, env=quiet, check=True)
    decoded, computed, peak = map(float, done.stdout.split())
    return decoded, computed, peak
