"""The scene of the tests: on one file system, and across two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory import folder_in_memory

from .scene import Scene


@pytest.fixture(params=[False, True], ids=["one file system", "across file systems"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    return Scene(tmp_path, across=request.param)


@pytest.fixture
def memory() -> Iterator[Path]:
    with folder_in_memory() as folder:
        yield folder
