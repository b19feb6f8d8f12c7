"""`imgwatch setup`: from an empty home to a picture in quarantine, in questions or in options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import noise, picture_bytes
from daemon import Daemon, run, tree
from imgwatch.config import load_config
from terminal import in_a_terminal


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of a new user: an inbox, an album of two dozen pictures, no config."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "IMGWATCH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pictures" / "Inbox").mkdir(parents=True)
    album = tmp_path / "Pictures" / "Album"
    album.mkdir()
    for number in range(24):
        (album / f"{number}.png").write_bytes(picture_bytes(60 + number))
    return tmp_path


def config_of(home: Path) -> Path:
    return home / ".config" / "imgwatch" / "config.yaml"


@pytest.mark.e2e
def test_from_an_empty_home_to_a_picture_in_quarantine(home: Path) -> None:
    inbox = home / "Pictures" / "Inbox"
    options = ("--watch", inbox, "--normal", home / "Pictures" / "Album", "--false-alarms", "0.05")
    done = run("setup", *options, "--yes", "--no-service", "--json")
    summary = json.loads(done.stdout)
    assert summary == {
        "config": str(config_of(home)),
        "model": str(home / ".local" / "share" / "imgwatch" / "model.onnx"),
        "false_alarms": 0.05,
        "mode": None,
        "pictures": 24,
        "service": False,
    }
    settings = load_config(config_of(home))
    assert [watch.path for watch in settings.watch] == [inbox]
    assert settings.threshold is not None
    assert settings.threshold.false_alarms == 0.05
    assert "# the folders to keep clean" in config_of(home).read_text()
    with Daemon(config_of(home), home / "watch.log") as daemon:
        noise(inbox / "junk.png")
        daemon.wait_log("junk.png -> quarantine")
        again = run("setup", *options, "--yes", "--no-service")
        assert "Start it with" not in again.stdout, "it runs"
        assert "The daemon reads the config again." in again.stderr


def test_a_person_is_asked_and_sees_what_would_move(home: Path) -> None:
    noise(home / "Pictures" / "Inbox" / "junk.png")
    answers = {
        b"Which folder should imgwatch keep clean?": b"\n",
        b"Where are your normal pictures": b"~/Nowhere\n",
        b"no such folder": f"{home}/Pictures/Album\n".encode(),
        b"At most how many percent": b"2\n",
        b"Write ": b"y\n",
        b"Install and start the service": b"n\n",
    }
    said = in_a_terminal("setup", answers=answers, columns=400).decode()
    assert "of 1 picture in the watched folder" in said
    assert "That would move 1 picture" in said
    assert str(home / "Pictures" / "Inbox" / "junk.png") in said
    assert "imgwatch watch" in said
    settings = load_config(config_of(home))
    assert settings.threshold is not None
    assert settings.threshold.false_alarms == 0.02
    assert (home / "Pictures" / "Inbox" / "junk.png").exists()


def test_who_does_not_agree_finds_nothing_written(home: Path) -> None:
    before = tree(home)
    answers = {b"Where are your normal pictures": b"none\n", b"Write ": b"n\n"}
    said = in_a_terminal("setup", "--watch", str(home / "Pictures" / "Inbox"), answers=answers, code=2)
    assert b"nothing was written" in said
    assert tree(home) == before


def test_a_config_that_is_there_keeps_all_but_what_is_chosen(home: Path) -> None:
    inbox = home / "Pictures" / "Inbox"
    config_of(home).parent.mkdir(parents=True)
    config_of(home).write_text(
        f"# mine\nwatch: [{{path: {inbox}}}]\nthreshold:\n  false_alarms: 0.01 # strict\nbreaker: {{window: 77}}\n"
    )
    run("setup", "--normal", home / "Pictures" / "Album", "--false-alarms", "0.02", "--yes")
    assert config_of(home).read_text() == (
        f"# mine\nwatch: [{{path: {inbox}}}]\nthreshold:\n  false_alarms: 0.02 # strict\nbreaker: {{window: 77}}\n"
        f"model: {home}/.local/share/imgwatch/model.onnx\n"
    )
    run("setup", "--normal", home / "Pictures" / "Album", "--yes")
    assert (home / ".local/share/imgwatch/model.previous.onnx").exists(), "the one before is kept"
    assert "0.02 # strict" in config_of(home).read_text()
    mine = (home / ".local/share/imgwatch/model.onnx").read_bytes()
    refused = run("setup", "--false-alarms", "0.05", "--yes", code=66)
    assert "name their folder again (--normal DIR)" in refused.stderr
    assert (home / ".local/share/imgwatch/model.onnx").read_bytes() == mine, (
        "junk in the inbox teaches it nothing"
    )
    refused = run("setup", "--watch", home, "--normal", home / "Pictures" / "Album", "--yes", code=2)
    assert "add" in refused.stderr


def test_a_folder_that_is_synced_both_ways_is_only_reported_on(home: Path) -> None:
    inbox = home / "Pictures" / "Inbox"
    (inbox / ".stfolder").mkdir()
    done = run("setup", "--watch", inbox, "--normal", home / "Pictures" / "Album", "--yes")
    assert "Syncthing syncs it" in done.stderr
    assert load_config(config_of(home)).mode == "report"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 2, "nobody can be asked here: give --watch DIR"),
        (("--yes",), 2, "which folder should imgwatch keep clean?"),
        (("--yes", "--watch", "/nowhere"), 66, "/nowhere: no such folder"),
        (("--yes", "--watch", "Pictures/Inbox"), 66, "no pictures in this folder"),
        (("--yes", "--watch", "Pictures/Inbox", "--normal", "nowhere"), 66, "nowhere: no such folder"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(
    home: Path, options: tuple[str, ...], code: int, says: str
) -> None:
    assert says in run("setup", *options, code=code).stderr
    assert not config_of(home).exists()


def test_what_lies_in_the_folder_is_judged_as_if_the_model_had_not_seen_it(home: Path) -> None:
    album = home / "Pictures" / "Album"
    noise(album / "junk.png")
    said = run("setup", "--watch", album, "--false-alarms", "0.05", "--yes").stdout
    assert "of the 25 normal pictures  of 25 pictures in the watched folder" in said
    assert f"    {album / 'junk.png'}" in said.splitlines()
