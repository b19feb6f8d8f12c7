"""What `calibrate` takes when it measures pictures, and when it finds what an earlier run has measured."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, Setting
from pictures import SMALL, make
from processes import IMGWATCH, Workspace


def calibration(setting: Setting) -> Iterator[Figure]:
    """0.1-megapixel pictures: `--preview` with nothing kept, then `--out`; and the processors' time of both."""
    count = setting.sized(1300, 100)
    pictures, home = make(setting.pictures / "small", count, SMALL), setting.scratch
    config = Workspace(home).set_up().config
    for picture in pictures:
        shutil.copy(picture, home / "inbox")

    def seconds_of(*options: str | Path) -> tuple[float, float]:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [IMGWATCH, "calibrate", "--config", config, "--yes", *options]
        kept = {**os.environ, "XDG_CACHE_HOME": str(home / "cache")}
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept, check=True)
        took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    preview, preview_busy = seconds_of("--preview")
    written = sorted(seconds_of("--out", home / "model.onnx") for _ in range(setting.runs))
    again, again_busy = written[len(written) // 2]
    yield Figure(f"calibrate: {count:,} pictures, --preview", preview, "s")
    yield Figure("calibrate: of that the processors' time", preview_busy, "s")
    yield Figure("calibrate: then --out", again, "s", at_most=5)
    yield Figure("calibrate: of that the processors' time", again_busy, "s")
