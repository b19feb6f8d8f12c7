"""One key of a config is set, and every other byte stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.config import load_config, parse_config
from imgwatch.config_edit import (
    difference,
    last_change,
    previous_of,
    previous_text,
    replace_config,
    with_key,
)
from imgwatch.errors import ConfigError, InputMissing

SHIPPED = Path(__file__).parent.parent / "config.yaml"


def test_the_value_alone_changes() -> None:
    before = SHIPPED.read_text()
    after = with_key(before, "model", "/m/mine.onnx")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.split("#")[0].rstrip() for line in changed] == ["model: /m/mine.onnx"]
    assert "# default: the general one" in changed[0]
    assert str(parse_config(after, "c").model) == "/m/mine.onnx"


@pytest.mark.parametrize(
    "value", ["/m/a b.onnx", "/m/#1: x.onnx", "/m/'q\".onnx", "/m/é☃.onnx", "/m/" + "x" * 300]
)
@pytest.mark.parametrize(
    "before", ["watch: [{path: /a}]\nmodel: 'x' # mine\n", "watch: [{path: /a}]", "# c\nwatch:\n- path: /a\n"]
)
def test_any_path_is_spelled_so_that_it_is_read_again(before: str, value: str) -> None:
    after = with_key(before, "model", value)
    assert str(parse_config(after, "c").model) == value
    assert ("# mine" in after) == ("# mine" in before)
    assert ("# c\n" in after) == ("# c\n" in before)


@pytest.mark.parametrize("before", ["{watch: [{path: /a}]}", "watch: [{path: /a}]\nmodel: [x]\n"])
def test_what_cannot_be_changed_so_is_left_to_the_user(before: str) -> None:
    with pytest.raises(ConfigError, match="write `model: /m` into it"):
        with_key(before, "model", "/m")


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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("threshold:\n  false_alarms: 0.01 # mine\n", "threshold:\n  false_alarms: 0.05 # mine\n"),
        (
            "threshold:\n    # c\n    confidence: 0.95\n",
            "threshold:\n    # c\n    false_alarms: 0.05\n    confidence: 0.95\n",
        ),
        ("threshold: {false_alarms: 1.0e-2}\n", "threshold: {false_alarms: 0.05}\n"),
        ("mode: report", "mode: report\nthreshold:\n  false_alarms: 0.05\n"),
    ],
)
def test_a_key_of_a_section_is_set(before: str, after: str) -> None:
    watched = "watch: [{path: /a}]\n"
    assert with_key(watched + before, "threshold.false_alarms", 0.05) == watched + after
    rule = parse_config(watched + after, "c").threshold
    assert rule is not None
    assert rule.false_alarms == 0.05


def test_a_key_without_a_value_gets_one() -> None:
    assert (
        with_key("watch: [{path: /a}]\nmodel:\nmode: report\n", "model", "/m").splitlines()[1] == "model: /m"
    )


@pytest.mark.parametrize("before", ["threshold: {confidence: 0.9}\n", "threshold:\n", "threshold: [1]\n"])
def test_a_section_that_cannot_be_changed_is_left_to_the_user(before: str) -> None:
    with pytest.raises(ConfigError, match=r"write `threshold.false_alarms: 0.05` into it"):
        with_key("watch: [{path: /a}]\n" + before, "threshold.false_alarms", 0.05)
