"""The main job that `make check-release` plays with each artifact works with the checkout, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).parent.parent.parent / "release" / "smoke.py"


@pytest.mark.e2e
def test_the_main_job_from_nothing(tmp_path: Path) -> None:
    imgwatch = Path(sys.executable).with_name("imgwatch")
    command = [sys.executable, SMOKE, imgwatch, tmp_path / "smoke"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert "a copy was named" in done.stdout
