"""Before a new model takes the place of the one in use, the user sees what it would do otherwise, and may refuse."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer import Abort
from typer.testing import CliRunner

from conftest import WriteConfig, picture_bytes
from gallery import Scene
from imgwatch.cli import app
from imgwatch.commands.context import load_settings
from imgwatch.commands.train import _job
from imgwatch.model.scorer import Scorer
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


def left_in(album: Album) -> set[str]:
    """Return the models beside the one in use."""
    return {path.name for path in album.model.parent.glob("mine*.onnx")}


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


def test_a_model_that_waits_stays_when_another_replaces_the_one_in_use(album: Album) -> None:
    album.beside.write_bytes(b"an hour of training")
    before = album.model.read_bytes()
    done = CliRunner().invoke(app(), [*album.command, "--yes"])
    assert done.exit_code == 0, done.output
    assert album.model.read_bytes() != before
    assert album.beside.read_bytes() == b"an hour of training"
    assert left_in(album) == {"mine.onnx", "mine.previous.onnx", "mine.new.onnx"}


def test_a_refused_model_waits_and_the_one_that_waited_is_kept(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.beside.write_bytes(b"an hour of training")
    before = album.model.read_bytes()
    monkeypatch.setattr("imgwatch.console.agrees", lambda _: False)
    done = CliRunner().invoke(app(), album.command)
    assert f"The old model stays; the new one is {album.beside}." in done.stdout
    assert f"The former {album.beside} is kept as mine.new.previous.onnx." in done.stderr
    assert album.model.read_bytes() == before
    assert Scorer(album.beside).name.startswith("mine.new-")
    assert album.model.with_name("mine.new.previous.onnx").read_bytes() == b"an hour of training"
    assert left_in(album) == {"mine.onnx", "mine.new.onnx", "mine.new.previous.onnx"}


def test_a_model_waits_where_the_question_is_broken_off(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: str) -> bool:
        raise Abort

    before = album.model.read_bytes()
    monkeypatch.setattr("imgwatch.console.agrees", leave)
    assert CliRunner().invoke(app(), album.command).exit_code != 0
    assert album.model.read_bytes() == before
    assert Scorer(album.beside).name.startswith("mine.new-")
    assert left_in(album) == {"mine.onnx", "mine.new.onnx"}


def test_a_waiting_model_is_replaced_only_by_a_whole_one_and_kept(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.beside.write_bytes(b"an hour of training")
    command = [word.replace("mine.onnx", "mine.new.onnx") for word in album.command]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imgwatch.calibration.calibrated.write_model", killed)
        assert CliRunner().invoke(app(), command).exit_code != 0
    assert album.beside.read_bytes() == b"an hour of training"
    assert CliRunner().invoke(app(), command).exit_code == 0
    assert Scorer(album.beside).name.startswith("mine.new-")
    assert left_in(album) == {"mine.onnx", "mine.new.onnx", "mine.new.previous.onnx"}


def test_a_training_writes_beside_what_it_replaces(album: Album) -> None:
    for out in (album.model, album.beside):
        job = _job(album.scene.settings, [album.folder], out, (), None)
        assert job.written == out.with_name(f"{out.stem}.draft.onnx")


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
