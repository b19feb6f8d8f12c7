"""A config is replaced as a whole, and the last change can be undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.config import load_config
from imgwatch.config_edit import (
    difference,
    last_change,
    previous_of,
    previous_text,
    replace_config,
)
from imgwatch.config_text import with_key
from imgwatch.errors import ConfigError, InputMissing


def test_a_config_is_replaced_behind_its_symlink_with_its_rights(tmp_path: Path) -> None:
    file, link = tmp_path / "real.yaml", tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    file.chmod(0o640)
    link.symlink_to(file)
    after = with_key(file.read_text(), "mode", "report")
    assert difference(link, file.read_text(), after).splitlines()[-1] == "+mode: report"
    replace_config(link, after)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert load_config(link).mode == "report"
    with pytest.raises(ConfigError):
        replace_config(link, with_key(after, "mode", "never"))
    assert load_config(link).mode == "report"
    assert sorted(os.listdir(tmp_path)) == ["config.yaml", "real.previous.yaml", "real.yaml"]


def test_a_change_can_be_undone_and_made_again(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    before = "watch: [{path: /a}] # mine\n"
    file.write_text(before)
    file.chmod(0o600)
    with pytest.raises(InputMissing, match="nothing to undo"):
        previous_text(file)
    after = with_key(before, "mode", "report")
    replace_config(file, after)
    replace_config(file, after)  # changes nothing, and forgets nothing
    assert last_change(file) == difference(file, before, after)
    assert previous_of(file).stat().st_mode & 0o777 == 0o600
    replace_config(file, previous_text(file))
    assert file.read_text() == before
    replace_config(file, previous_text(file))
    assert file.read_text() == after
    file.write_text(previous_text(file))
    assert last_change(file) is None


def test_a_change_to_what_is_faulty_by_now_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    replace_config(file, "watch: [{path: /b}]\n")
    previous_of(file).write_text("watch: [{path: /a}]\nmode: never\n")
    with pytest.raises(ConfigError):
        replace_config(file, previous_text(file))
    assert file.read_text() == "watch: [{path: /b}]\n"
