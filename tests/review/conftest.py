"""The gallery over a quarantine: asked directly, or as a real process in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import WriteConfig
from gallery import Open, Scene, opened_browser
from imgwatch.commands.context import load_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browsing import Look


@pytest.fixture
def scene(write_config: WriteConfig, tmp_path: Path) -> Scene:
    config = write_config()
    return Scene(tmp_path / "inbox", config, load_settings(config))


@pytest.fixture
def open_gallery() -> Iterator[Open]:
    """Return what opens the gallery over a scene, in this process."""
    with ExitStack() as stack:
        yield lambda scene: stack.enter_context(opened_browser(scene))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a Chromium for all tests of a module."""
    from browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def look(scene: Scene, browser: Browser) -> Iterator[Look]:
    """Yield a way to open the gallery over the scene; what the page complains about fails the test."""
    from browsing import reviewed

    with reviewed(scene.config, browser) as opened:
        yield opened
