"""The gallery over a quarantine: asked directly, or as a real process in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import WriteConfig
from gallery import Open, Scene, opened_browser
from imgwatch.commands.context import load_settings


@pytest.fixture
def scene(write_config: WriteConfig, tmp_path: Path) -> Scene:
    config = write_config()
    return Scene(tmp_path / "inbox", config, load_settings(config))


@pytest.fixture
def open_gallery() -> Iterator[Open]:
    """Return what opens the gallery over a scene, in this process."""
    with ExitStack() as stack:
        yield lambda scene: stack.enter_context(opened_browser(scene))
