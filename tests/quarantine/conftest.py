"""The scene of the tests: on one file system, and across two."""

from __future__ import annotations

from pathlib import Path

import pytest

from .scene import Scene


@pytest.fixture(params=[False, True], ids=["one file system", "across file systems"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    return Scene(tmp_path, across=request.param)
