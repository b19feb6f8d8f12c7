"""Pictures in a terminal: drawn as it says that it can, in blocks of colour where it cannot, never in a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig, bright
from gallery import Scene
from imgwatch.cli import app
from imgwatch.commands.context import load_settings
from terminal import in_a_terminal

SIXEL, KITTY, BLOCK = b"\x1bP", b"\x1b_G", "▀".encode()


@pytest.fixture
def scene(write_config: WriteConfig, tmp_path: Path) -> Scene:
    config = write_config()
    scene = Scene(tmp_path / "inbox", config, load_settings(config))
    scene.judge(bright(scene.inbox / "junk.png"))
    return scene


def _in_a_terminal(scene: Scene, can: bytes, *arguments: str) -> bytes:
    """Run `imgwatch quarantine` in a terminal that answers `can` when it is asked what it can do."""
    return in_a_terminal("quarantine", *arguments, "--config", str(scene.config), answers={b"\x1b[c": can})


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["list", "show"])
def test_a_terminal_that_knows_sixel_shows_the_picture(scene: Scene, command: str) -> None:
    (record,) = scene.quarantine().list()
    said = _in_a_terminal(
        scene, b"\x1b[?62;4c", command, *([record.id] if command == "show" else []), "--thumbnails"
    )
    assert SIXEL in said
    assert record.id.encode() in said


@pytest.mark.e2e
def test_any_other_terminal_shows_blocks_of_colour(scene: Scene) -> None:
    said = _in_a_terminal(scene, b"\x1b[?62c", "list", "--thumbnails")
    assert BLOCK in said
    assert SIXEL not in said


@pytest.mark.e2e
def test_what_cannot_be_decoded_says_so_and_the_list_goes_on(scene: Scene) -> None:
    quarantine = scene.quarantine()
    (record,) = quarantine.list()
    quarantine.picture(record).write_bytes(b"\xff\xd8\xff nothing more")
    said = _in_a_terminal(scene, b"\x1b[?62;4c", "list", "--thumbnails")
    assert b"cannot be shown" in said
    assert record.id.encode() in said


def test_a_pipe_gets_no_pictures(scene: Scene) -> None:
    done = CliRunner().invoke(app(), ["quarantine", "list", "--thumbnails", "--config", str(scene.config)])
    assert done.exit_code != 0
    assert "terminal" in str(done.exception)
