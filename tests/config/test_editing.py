"""A config is replaced as a whole, and its last changes can be undone, one after another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.config import load_config
from imgwatch.config.editing import difference, last_change, redo, replace_config, undo
from imgwatch.config.history import History, history_file
from imgwatch.config.yaml_text import with_key
from imgwatch.errors import ConfigError, FormatTooNew, InputMissing, IoFailed, Unavailable
from memory import folder_in_memory


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
    assert sorted(os.listdir(tmp_path)) == ["config.yaml", "real.history.json", "real.yaml"]


def test_changes_are_undone_one_after_another_and_made_again(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    texts = ["watch: [{path: /a}] # mine\n"]
    file.write_text(texts[0])
    with pytest.raises(InputMissing, match="no change to undo"):
        undo(file)
    for key, value in {"mode": "report", "threads": 3, "settle_seconds": 2.5}.items():
        texts.append(with_key(texts[-1], key, value))
        replace_config(file, texts[-1])
        replace_config(file, texts[-1])  # changes nothing, and forgets nothing
    assert last_change(file) == difference(file, texts[-2], texts[-1])
    for text in texts[-2::-1]:
        undo(file)
        assert file.read_text() == text
    with pytest.raises(InputMissing, match="no change to undo"):
        undo(file)
    for text in texts[1:]:
        redo(file)
        assert file.read_text() == text
    with pytest.raises(InputMissing, match="no change to redo"):
        redo(file)


def test_what_was_undone_is_forgotten_by_the_next_change(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    for mode in ("report", "quarantine"):
        replace_config(file, with_key(file.read_text(), "mode", mode))
    undo(file)
    replace_config(file, with_key(file.read_text(), "threads", 3))
    assert [change.version.summary for change in History.of(file).changes] == ["mode: report", "threads: 3"]


def test_a_change_by_hand_is_a_step_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    replace_config(file, with_key(file.read_text(), "mode", "report"))
    by_hand = file.read_text() + "threads: 3  # by hand\n"
    file.write_text(by_hand)
    replace_config(file, with_key(file.read_text(), "settle_seconds", 2.5))
    changes = [(change.version.summary, change.version.is_by_hand) for change in History.of(file).changes]
    assert changes == [("mode: report", False), ("threads: 3", True), ("settle_seconds: 2.5", False)]
    undo(file)
    assert file.read_text() == by_hand
    undo(file)
    assert load_config(file).mode == "report"
    undo(file)
    assert file.read_text() == "watch: [{path: /a}]\n"
    for _ in range(2):
        redo(file)
    assert file.read_text() == by_hand


def test_a_config_that_is_another_than_the_user_saw_stays(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    replace_config(file, with_key(file.read_text(), "mode", "report"))
    seen, present = file.read_text(), file.read_text() + "threads: 3\n"
    file.write_text(present)
    for step in (lambda: replace_config(file, seen + "threads: 4\n", seen), lambda: undo(file, seen)):
        with pytest.raises(Unavailable, match="was changed meanwhile"):
            step()
    assert file.read_text() == present


def test_the_last_twenty_changes_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    for threads in range(1, 24):
        replace_config(file, with_key(file.read_text(), "threads", threads))
    assert history_file(file).stat().st_mode & 0o777 == 0o600
    for _ in range(20):
        undo(file)
    assert load_config(file).threads == 3
    with pytest.raises(InputMissing):
        undo(file)


def test_what_an_older_version_kept_is_the_first_change_of_the_history(tmp_path: Path) -> None:
    file, previous = tmp_path / "config.yaml", tmp_path / "config.previous.yaml"
    before = "watch: [{path: /a}]\n"
    previous.write_text(before)
    file.write_text(with_key(before, "mode", "report"))
    assert last_change(file) == difference(file, before, file.read_text())
    replace_config(file, with_key(file.read_text(), "threads", 3))
    assert sorted(os.listdir(tmp_path)) == ["config.history.json", "config.yaml"]
    for _ in range(2):
        undo(file)
    assert file.read_text() == before


@pytest.mark.parametrize("seconds", [-(2**40), 2**40])
def test_a_config_with_an_odd_date_has_a_history(tmp_path: Path, seconds: int) -> None:
    """The file system of a test may keep another date than this one: memory keeps any."""
    with folder_in_memory() as memory:
        file = memory / "config.yaml"
        file.write_text("mode: report\n")
        os.utime(file, (seconds, seconds))
        assert [version.text for version in History.of(file).versions] == ["mode: report\n"]


def test_a_change_that_an_older_version_left_half_done_is_undone(tmp_path: Path) -> None:
    file, aside = tmp_path / "config.yaml", tmp_path / ".config.previous.yaml.aside"
    before = "watch: [{path: /a}]\n"
    aside.write_text(before)
    (tmp_path / "config.previous.yaml").write_text("watch: [{path: /older}]\n")
    file.write_text(with_key(before, "mode", "report"))
    undo(file)
    assert file.read_text() == before


def test_a_change_to_what_is_faulty_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\nmode: never\n")
    replace_config(file, "watch: [{path: /b}]\n")
    with pytest.raises(ConfigError):
        undo(file)
    assert file.read_text() == "watch: [{path: /b}]\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", IoFailed),
        (b"\xff", IoFailed),
        (b"[" * 100_000, IoFailed),
        (b'{"schema": 1, "present": 0, "versions": []}', IoFailed),
        (b'{"schema": 2}', FormatTooNew),
    ],
)
def test_a_history_that_cannot_be_read_is_named_and_both_files_stay(
    tmp_path: Path, content: bytes, fault: type[Exception]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    history_file(file).write_bytes(content)
    for step in (lambda: replace_config(file, "watch: [{path: /b}]\n"), lambda: undo(file)):
        with pytest.raises(fault, match="history"):
            step()
    assert file.read_text() == "watch: [{path: /a}]\n"
    assert history_file(file).read_bytes() == content


def test_ends_of_lines_changed_by_hand_are_a_change(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("watch: [{path: /a}]\n")
    replace_config(file, with_key(file.read_text(), "mode", "report"))
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert last_change(file) == "(only the ends of lines)"
    undo(file)
    assert b"\r" not in file.read_bytes()
