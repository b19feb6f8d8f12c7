"""`imgwatch config`: which one is in use, what imgwatch changed in it, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import WriteConfig
from imgwatch.cli import app
from imgwatch.config_edit import replace_config, with_key
from imgwatch.errors import InputMissing, UsageError


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
    assert "+mode: report" in shown
    assert "imgwatch config undo" in shown
    assert "is as it was before. No daemon runs" in said("undo", "--yes", "--config", config)
    assert config.read_text() == before


def test_where_nobody_can_be_asked_it_takes_yes(write_config: WriteConfig) -> None:
    config = write_config()
    _, after = changed(config)
    with pytest.raises(UsageError, match="add --yes"):
        said("undo", "--config", config)
    assert config.read_text() == after
    (answer,) = said("undo", "--yes", "--json", "--config", config).splitlines()[-1:]
    assert "-mode: report" in json.loads(answer)["change"]


def test_without_a_change_there_is_nothing_to_undo(write_config: WriteConfig) -> None:
    with pytest.raises(InputMissing, match="nothing to undo"):
        said("undo", "--yes", "--config", write_config())
