"""The home of a new user, whose setup is done in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import noise, picture_bytes


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home with an inbox, in which one picture is junk, and an album of two dozen pictures; no config."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "IMGWATCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    noise(tmp_path / "Pictures" / "Inbox" / "junk.png")
    album = tmp_path / "Pictures" / "Album"
    album.mkdir()
    for number in range(24):
        (album / f"{number}.png").write_bytes(picture_bytes(60 + number))
    return tmp_path
