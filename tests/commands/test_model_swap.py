"""Before a new model takes the place of the one in use, the user sees what it would do otherwise, and may refuse."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig, picture_bytes
from gallery import Scene
from imgwatch.cli import app
from imgwatch.commands.context import load_settings
from terminal import in_a_terminal


@dataclass
class Album:
    """Pictures so dark that a model calibrated to them holds what was kept so far for strange."""

    scene: Scene
    folder: Path
    model: Path

    @property
    def command(self) -> list[str]:
        return ["calibrate", str(self.folder), "--out", str(self.model), "--config", str(self.scene.config)]

    @property
    def beside(self) -> Path:
        return self.model.with_name("mine.new.onnx")


@pytest.fixture
def album(write_config: WriteConfig, tmp_path: Path, model_file: Path) -> Album:
    model = tmp_path / "mine.onnx"
    shutil.copy(model_file, model)
    config = write_config(model=json.dumps(str(model)))
    scene = Scene(tmp_path / "inbox", config, load_settings(config))
    scene.fill(2, normal=3)
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(24):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    return Album(scene, folder, model)


def test_without_a_terminal_it_is_compared_and_then_replaced(album: Album) -> None:
    before = album.model.read_bytes()
    done = CliRunner().invoke(app(), album.command)
    assert done.exit_code == 0, done.output
    assert "of the latest 3 kept pictures 3 would move" in done.stdout
    assert f"would move:      {album.scene.inbox}" in done.stdout
    assert album.model.read_bytes() != before
    assert not album.beside.exists()


def test_programs_are_told_which_pictures(album: Album) -> None:
    done = CliRunner().invoke(app(), [*album.command, "--json"])
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["model"] == str(album.model)
    assert sorted(summary["shadow"]["moves"]) == sorted(map(str, album.scene.inbox.iterdir()))
    assert (summary["shadow"]["held"], summary["shadow"]["returns"]) == (2, [])


@pytest.mark.e2e
@pytest.mark.parametrize(("answer", "is_replaced"), [(b"n\n", False), (b"y\n", True)])
def test_a_person_is_asked_before(album: Album, answer: bytes, is_replaced: bool) -> None:
    before = album.model.read_bytes()
    said = in_a_terminal(*album.command, answers={b"[y/N]": answer}).decode()
    assert said.index("would move") < said.index("Replace")
    assert (album.model.read_bytes() != before) is is_replaced
    assert album.beside.exists() is not is_replaced
    assert ("The old model stays" in said) is not is_replaced


def test_a_model_that_is_not_in_use_is_written_where_it_is_wanted(album: Album, tmp_path: Path) -> None:
    before = album.model.read_bytes()
    other = tmp_path / "other.onnx"
    done = CliRunner().invoke(
        app(), ["calibrate", str(album.folder), "--out", str(other), "--config", str(album.scene.config)]
    )
    assert f"set `model: {other}` in the config" in done.stdout
    assert other.exists()
    assert album.model.read_bytes() == before
