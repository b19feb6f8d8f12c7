"""`imgwatch config`: which one is in use, what imgwatch changed in it, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig
from imgwatch.cli import app
from imgwatch.config import load_config
from imgwatch.config.editing import replace_config
from imgwatch.config.yaml_text import with_key
from imgwatch.errors import ConfigError, InputMissing, Unavailable, UsageError


def said(*words: str | Path) -> str:
    done = CliRunner().invoke(app(["config"]), ["config", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def changed(config: Path) -> tuple[str, str]:
    before = config.read_text()
    after = with_key(before, "mode", "report")
    replace_config(config, after)
    return before, after


def test_the_last_change_is_shown_and_undone(write_config: WriteConfig) -> None:
    config = write_config()
    assert json.loads(said("--json", "--config", config)) == {"file": str(config), "last_change": None}
    before, _ = changed(config)
    shown = said("--config", config)
    assert "+mode: report" in shown.splitlines()
    assert "imgwatch config undo" in shown
    assert "is changed. No daemon runs" in said("undo", "--yes", "--config", config)
    assert config.read_text() == before


def test_the_history_is_listed_undone_step_by_step_and_made_again(write_config: WriteConfig) -> None:
    config = write_config()
    assert "changed nothing" in said("history", "--config", config)
    assert said("history", "--json", "--config", config) == ""
    before, after = changed(config)
    by_hand = after + "threads: 3\n"
    config.write_text(by_hand)
    said("set", "settle_seconds", "2.5", "--yes", "--config", config)
    changes = [json.loads(line) for line in said("history", "--json", "--config", config).splitlines()]
    assert [(change["by"], change["summary"], change["undone"]) for change in changes] == [
        ("imgwatch", "settle_seconds: 2.5", False),
        ("hand", "threads: 3", False),
        ("imgwatch", "mode: report", False),
    ]
    assert "+mode: report" in changes[-1]["change"].splitlines()
    assert "by hand" not in said("undo", "--yes", "--config", config)
    assert config.read_text() == by_hand
    assert "This change was made by hand" in said("undo", "--yes", "--config", config)
    assert config.read_text() == after
    said("undo", "--yes", "--config", config)
    assert config.read_text() == before
    listed = said("history", "--config", config).splitlines()
    assert [line.split()[3] for line in listed[1:4]] == ["undone"] * 3
    for text in (after, by_hand):
        said("redo", "--yes", "--config", config)
        assert config.read_text() == text


def test_where_nobody_can_be_asked_it_takes_yes(write_config: WriteConfig) -> None:
    config = write_config()
    _, after = changed(config)
    with pytest.raises(UsageError, match="add --yes"):
        said("undo", "--config", config)
    assert config.read_text() == after
    (answer,) = said("undo", "--yes", "--json", "--config", config).splitlines()[-1:]
    assert "-mode: report" in json.loads(answer)["change"]


def test_without_a_change_there_is_nothing_to_undo(write_config: WriteConfig) -> None:
    with pytest.raises(InputMissing, match="no change to undo"):
        said("undo", "--yes", "--config", write_config())


def test_a_key_and_folders_are_set_and_the_comments_stay(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    config.write_text(config.read_text() + "# mine\n")
    (tmp_path / "more").mkdir()
    assert "is changed. No daemon runs" in said("set", "kinds.document", "keep", "--yes", "--config", config)
    rule = f"{{action: move, to: {tmp_path}/screens, after_days: 7}}"
    said("set", "kinds.screenshot", rule, "--yes", "--config", config)
    said("add-folder", tmp_path / "more", "--yes", "--config", config)
    settings = load_config(config)
    assert settings.kinds.of("document")[0].action == "keep"
    assert settings.kinds.of("screenshot")[0].after_days == 7
    assert [watch.path for watch in settings.watch] == [tmp_path / "inbox", tmp_path / "more"]
    answer = json.loads(
        said("remove-folder", tmp_path / "more", "--yes", "--json", "--config", config).splitlines()[-1]
    )
    assert "/more" in answer["change"]
    assert [watch.path for watch in load_config(config).watch] == [tmp_path / "inbox"]
    assert "# mine" in config.read_text()
    assert "says that already" in said("set", "kinds.document", "keep", "--config", config)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("set", "mode", "never"), ConfigError),
        (("set", "kinds.document", "{action: move}"), ConfigError),
        (("set", "no.such", "1"), ConfigError),
        (("set", "mode", "{"), UsageError),
        (("add-folder", "/no/such/folder"), InputMissing),
        (("remove-folder", "/no/such/folder"), InputMissing),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    write_config: WriteConfig, words: tuple[str, ...], fault: type[Exception]
) -> None:
    config = write_config()
    before = config.read_text()
    with pytest.raises(fault):
        said(*words, "--yes", "--config", config)
    assert config.read_text() == before


@pytest.mark.parametrize("content", [b"watch: [", b"\xff\xfe", b"x"])
@pytest.mark.parametrize("words", [("set", "mode", "report"), ("add-folder", "/"), ("remove-folder", "/a")])
def test_a_faulty_config_is_named_and_left_as_it_is(
    tmp_path: Path, content: bytes, words: tuple[str, ...]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_bytes(content)
    with pytest.raises(ConfigError, match="config"):
        said(*words, "--yes", "--config", config)
    assert config.read_bytes() == content


def test_the_ends_of_lines_stay(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    before = config.read_bytes()
    said("set", "settle_seconds", "2.5", "--yes", "--config", config)
    assert config.read_bytes() == before.replace(b"settle_seconds: 0.3", b"settle_seconds: 2.5")
    said("undo", "--yes", "--config", config)
    assert config.read_bytes() == before


def test_a_config_that_changes_while_the_user_is_asked_is_not_overwritten(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config()

    def edit_meanwhile(*_: object) -> None:
        config.write_text(config.read_text() + "# meanwhile\n")

    changed(config)
    monkeypatch.setattr("imgwatch.commands.config.confirm", edit_meanwhile)
    for words in (("set", "mode", "quarantine"), ("undo",)):
        with pytest.raises(Unavailable, match="was changed meanwhile"):
            said(*words, "--config", config)
    assert config.read_text().endswith("# meanwhile\n")
    assert load_config(config).mode == "report"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_running_daemon_is_asked_to_reload_whatever_is_printed(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("imgwatch.reload.ask_for_reload", lambda settings: asked.append(settings.mode) or "")
    config = write_config()
    said("set", "mode", "report", "--yes", *options, "--config", config)
    said("undo", "--yes", *options, "--config", config)
    assert asked == ["report", load_config(config).mode]
