"""kill -9 while a model file is written and put in place: it is whole at any instant, the old one or the new."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import WriteConfig, bright
from daemon import COMMAND, Daemon, popen
from imgwatch.atomic_file import replace_atomically
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.model.scorer import Scorer

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

WRITES_KILLED = 100
CALIBRATIONS_KILLED = 12


def write_for_ever(path: Path, contents: tuple[bytes, ...]) -> None:
    while True:
        for content in contents:
            replace_atomically(path, content)


def unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".unfinished")]


def test_a_writer_killed_at_random_instants_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    old, new = random.Random(1).randbytes(4_000_000), random.Random(2).randbytes(3_000_000)
    path, chance, broken_off = tmp_path / "m.onnx", random.Random(3), 0
    replace_atomically(path, old)
    for _ in range(WRITES_KILLED):
        child = os.fork()
        if not child:
            write_for_ever(path, (new, old))
        time.sleep(chance.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert path.read_bytes() in (old, new)
        assert len(unfinished(tmp_path)) <= 1, "what the one before left is removed"
        broken_off += len(unfinished(tmp_path))
    assert broken_off > WRITES_KILLED / 10, "killed in the middle of writing"
    replace_atomically(path, new)
    assert os.listdir(tmp_path) == ["m.onnx"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few pictures that are all different."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(24):
        pixels = rng.normal(rng.uniform(40, 200), 30, (32, 32, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def calibrating(photos: Path, out: Path, *before: str) -> subprocess.Popen[bytes]:
    command = [
        *before,
        *COMMAND,
        "calibrate",
        str(photos),
        "--out",
        str(out),
        "--false-alarms",
        "0.05",
        "--yes",
    ]
    return popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=out.parent)


def kills(photos: Path, out: Path) -> Iterator[None]:
    """Calibrate and be killed: while the file is written, before its fsync and its rename, and at any instant."""
    for call in ("fsync", "rename"):
        before = ("strace", "-f", "-qqq", "-o", os.devnull, "-e", f"trace={call}",
                  "-e", f"inject={call}:signal=KILL")  # fmt: skip
        assert calibrating(photos, out, *before).wait() != 0, f"not killed at {call}"
        yield
    process = calibrating(photos, out)
    left = len(unfinished(out.parent))
    while process.poll() is None and len(unfinished(out.parent)) <= left:
        time.sleep(0.001)
    process.kill()
    process.wait()
    yield
    began = time.monotonic()
    assert calibrating(photos, out).wait() == 0
    yield
    seconds, chance = time.monotonic() - began, random.Random(4)
    for _ in range(CALIBRATIONS_KILLED):
        process = calibrating(photos, out)
        time.sleep(chance.uniform(0.3, 1.0) * seconds)
        process.kill()
        process.wait()
        yield


def test_a_calibration_killed_leaves_a_model_that_the_daemon_works_with(
    tmp_path: Path, write_config: WriteConfig, photos: Path
) -> None:
    model, inbox = tmp_path / "models" / "m.onnx", tmp_path / "inbox"
    model.parent.mkdir()
    shutil.copy(DEFAULT_MODEL, model)
    with Daemon(write_config(model=str(model))) as daemon:
        whole: set[str] = set()
        for number, _ in enumerate(kills(photos, model)):
            sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
            if sha256 not in whole:
                Scorer(model, tried=None)  # it reproduces its self-test
                whole.add(sha256)
            bright(inbox / f"{number}.png")
        daemon.wait_judged(number + 1)
        assert daemon.status()["judged"] == number + 1
        assert "refused" not in daemon.log.read_text()
    assert calibrating(photos, model).wait() == 0
    assert unfinished(model.parent) == []
