"""A file is replaced whole or not at all, and what a killed process left is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgwatch.atomic_file import replace_atomically, replacing
from imgwatch.errors import CannotCreate


def test_folders_are_made_and_everybody_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "above" / "file"
    replace_atomically(path, b"one")
    replace_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_fault_in_between_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as stream:
        stream.write(b"half"[1 // 0 :])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_left_unfinished_is_removed_but_not_what_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / ".file.abc.unfinished").write_bytes(b"left by a killed process")
    (tmp_path / ".other.abc.unfinished").write_bytes(b"of another file")
    with replacing(path, is_durable=False) as first:
        first.write(b"first")
        replace_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    assert {one.name for one in tmp_path.iterdir()} == {"file", ".other.abc.unfinished"}


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(CannotCreate, match=r"file: cannot be written: Is a directory"):
        replace_atomically(tmp_path / "file", b"")
