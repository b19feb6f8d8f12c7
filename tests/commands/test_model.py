"""`imgwatch model`, the way back, and a new model that the config is made to name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig, bright, picture_bytes, write_brightness_model
from daemon import Daemon, objects, run, wait_until
from imgwatch.cli import app
from imgwatch.commands.context import load_settings
from terminal import in_a_terminal


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(24):
        (folder / f"{number}.png").write_bytes(picture_bytes(40 + number))
    return folder


def said(*words: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app(), [*map(str, words)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_the_model_before_is_kept_shown_and_taken_back(
    tmp_path: Path, album: Path, write_config: WriteConfig, model_file: Path
) -> None:
    model = tmp_path / "mine.onnx"
    shutil.copy(model_file, model)
    config = write_config(model=str(model))
    shown = json.loads(said("model", "--json", "--config", config))
    assert list(shown) == ["in_use"]
    assert shown["in_use"]["kind"] == "trained, brightness"
    said("calibrate", album, "--out", model, "--config", config)
    shown = json.loads(said("model", "--json", "--config", config))
    assert shown["in_use"]["kind"] == "calibrated from mine.onnx"
    assert shown["in_use"]["pictures"] == 24
    assert shown["in_use"]["made"].startswith("20")
    assert "held-out normal pictures" in shown["in_use"]["promise"]
    assert shown["previous"]["kind"] == "trained, brightness"
    assert "`imgwatch model rollback`" in said("model", "--config", config)
    said("model", "rollback", "--config", config)
    again = json.loads(said("model", "--json", "--config", config))
    assert again["in_use"]["kind"] == "trained, brightness"
    assert again["previous"]["kind"] == "calibrated from mine.onnx"


def test_there_is_nothing_to_go_back_to(tmp_path: Path, write_config: WriteConfig, model_file: Path) -> None:
    run("model", "rollback", config=write_config(model="default"), code=2)
    model = tmp_path / "mine.onnx"
    shutil.copy(model_file, model)
    config = write_config(model=str(model))
    assert "nothing to go back to" in run("model", "rollback", config=config, code=66).stderr
    model.with_name("mine.previous.onnx").write_bytes(b"damaged")
    run("model", "rollback", config=config, code=78)
    assert model.read_bytes() == model_file.read_bytes()


def test_a_model_that_is_not_there_yet_keeps_nobody_from_making_it(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config(model=str(tmp_path / "mine.onnx"))
    error = run("score", tmp_path / "inbox", config=config, code=78).stderr
    assert "set `model: default` in the config to use the general one" in error
    (tmp_path / "mine.onnx").write_bytes(b"damaged")
    error = run("rescan", config=config, code=78).stderr
    assert "set `model: default` in the config to use the general one" in error
    assert "`model: default`" in run("doctor", config=config, code=None).stdout


@pytest.mark.e2e
def test_calibrate_begins_with_the_general_model_where_the_config_names_none_yet(
    tmp_path: Path, album: Path, write_config: WriteConfig
) -> None:
    model = tmp_path / "mine.onnx"
    config = write_config(model=str(model))
    done = run("calibrate", album, "--out", model, config=config)
    assert "not there yet; the general model is fitted" in done.stderr
    [shown] = objects(run("model", "--json", config=config).stdout)
    assert shown["in_use"]["kind"] == "calibrated from default.onnx"


@pytest.mark.e2e
def test_the_config_names_the_new_model_and_the_daemon_takes_it_up(
    tmp_path: Path, album: Path, write_config: WriteConfig
) -> None:
    inbox, model = tmp_path / "inbox", tmp_path / "new.onnx"
    config = write_config(model=str(write_brightness_model(tmp_path / "old.onnx")))
    config.write_text(config.read_text() + "# a comment of mine\n")
    with Daemon(config) as daemon:
        daemon.wait_alive()
        done = run("calibrate", album, "--out", model, "--false-alarms", "0.3", "--use", config=config)
        assert f"+model: {model}" in done.stderr
        assert "The daemon reads the config again." in done.stderr
        assert done.stdout.endswith(f"{model} is in use.\n")
        wait_until(lambda: str(daemon.status()["model"]).startswith("new-"))
        bright(inbox / "a.png")
        wait_until(lambda: not (inbox / "a.png").exists())
    assert load_settings(config).own_model == model
    assert "# a comment of mine\n" in config.read_text()


@pytest.mark.e2e
@pytest.mark.parametrize("answer", [b"n\n", b"y\n"])
def test_on_a_terminal_the_change_is_shown_and_asked_for(
    tmp_path: Path, album: Path, write_config: WriteConfig, answer: bytes
) -> None:
    config, model = write_config(), tmp_path / "new.onnx"
    before = config.read_text()
    out = in_a_terminal(
        "calibrate", str(album), "--out", str(model), "--config", str(config), answers={b"[y/N]": answer}
    ).decode()
    assert out.index(f"+model: {model}") < out.index("Change ")
    assert (config.read_text() != before) is (answer == b"y\n")
    assert (f"set `model: {model}` in the config" in out) is (answer == b"n\n")
    assert model.exists()


def test_elsewhere_it_is_said_how(tmp_path: Path, album: Path, write_config: WriteConfig) -> None:
    config, model = write_config(), tmp_path / "new.onnx"
    before = config.read_text()
    out = said("calibrate", album, "--out", model, "--config", config)
    assert f"To use it, set `model: {model}` in the config, or run this with --use." in out
    said("calibrate", album, "--out", model, "--json", "--no-use", "--config", config)
    assert config.read_text() == before


def test_models_are_compared_on_kept_and_quarantined_pictures_and_the_new_one_is_taken(
    tmp_path: Path, write_config: WriteConfig, model_file: Path
) -> None:
    model = tmp_path / "mine.onnx"
    shutil.copy(model_file, model)
    config = write_config(model=str(model))
    (tmp_path / "inbox" / "grey.png").write_bytes(picture_bytes(110))
    bright(tmp_path / "inbox" / "bright.png")
    said("rescan", "--config", config)
    strict = write_brightness_model(tmp_path / "mine.new.onnx", threshold=0.2)
    facts = json.loads(said("model", "compare", "--json", "--config", config))
    assert facts["pictures"] == {"kept": 1, "quarantined": 1}
    assert [(one["model"], one["kept"], one["quarantined"]) for one in facts["models"]] == [
        ("in use", {}, {"stranger": 1}),
        ("new", {"stranger": 1}, {"stranger": 1}),
    ]
    lax = write_brightness_model(tmp_path / "lax.onnx", threshold=2.0)
    assert (
        json.loads(said("model", "compare", lax, "--json", "--config", config))["models"][0]["quarantined"]
        == {}
    )
    words = said("model", "compare", "--config", config)
    assert "of 1 picture in quarantine" in words
    assert "1: stranger 1" in words
    assert "`imgwatch model use`" in words
    assert "add --yes" in run("model", "use", config=config, code=2).stderr
    expected = strict.read_bytes()
    said("model", "use", "--yes", "--config", config)
    assert model.read_bytes() == expected
    assert (tmp_path / "mine.previous.onnx").read_bytes() == model_file.read_bytes()
    assert "no new model waits" in run("model", "use", config=config, code=66).stderr


def test_a_first_new_model_is_named_in_the_config(
    tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    config, model = write_config(model="default"), tmp_path / "share" / "imgwatch" / "model.onnx"
    model.parent.mkdir(parents=True)
    write_brightness_model(model.with_name("model.new.onnx"))
    taken = json.loads(said("model", "use", "--yes", "--json", "--config", config).splitlines()[-1])
    assert f"+model: {model}" in taken["change"]
    assert load_settings(config).own_model == model
    config.write_text(config.read_text().replace(f"model: {model}", "model: default"))
    said("model", "use", "--yes", "--config", config)
    assert load_settings(config).own_model == model, "killed before the config was written, it is finished"
