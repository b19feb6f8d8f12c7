from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import dark
from imgwatch.scan import DEEPEST, Scope, is_candidate, walk


def walked(scope: Scope) -> list[str]:
    return sorted(
        str((folder / name).relative_to(scope.root)) for folder, listing in walk(scope) for name in listing
    )


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_walks_below_unless_told_not_to(tmp_path: Path) -> None:
    root = tree(tmp_path, "a.jpg", "sub/b.jpg", "sub/deep/c.jpg")
    assert walked(Scope(root)) == ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"]
    assert walked(Scope(root, recursive=False)) == ["a.jpg"]


def test_ignored_names_and_folders_apart_are_left_out(tmp_path: Path) -> None:
    root = tree(
        tmp_path, "a.jpg", "b.jpg.part", ".hidden/c.jpg", "quarantine/pictures/d.jpg", "quarantined.jpg"
    )
    scope = Scope(root, ignore=("*.part", ".*"), apart=(root / "quarantine",))
    assert walked(scope) == ["a.jpg", "quarantined.jpg"]
    assert not scope.admits(root / "quarantine" / "x.jpg")
    assert not scope.admits(root.parent / "other.jpg")
    assert not scope.admits(root)


def test_only_regular_files_and_no_links(tmp_path: Path) -> None:
    root = tree(tmp_path / "in", "a.jpg")
    tree(tmp_path / "outside", "b.jpg")
    os.mkfifo(root / "fifo.jpg")
    (root / "link.jpg").symlink_to(root / "a.jpg")
    (root / "folder-link").symlink_to(tmp_path / "outside")
    assert walked(Scope(root)) == ["a.jpg"]


def test_an_unreadable_folder_is_passed_over(tmp_path: Path) -> None:
    root = tree(tmp_path, "a.jpg")
    assert [folder for folder, _ in walk(Scope(root), root / "gone")] == []
    assert walked(Scope(root)) == ["a.jpg"]


def test_candidates_by_extension_or_first_bytes(tmp_path: Path) -> None:
    picture = dark(tmp_path / "no-extension")
    tree(tmp_path, "damaged.jpg", "letter.txt")
    assert is_candidate(picture)
    assert is_candidate(tmp_path / "damaged.jpg")
    assert not is_candidate(tmp_path / "letter.txt")
    os.mkfifo(tmp_path / "fifo")
    assert not is_candidate(tmp_path / "fifo")


def test_sixty_four_levels_deep(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 64)
    assert walked(Scope(tree(tmp_path, f"{deep}/a.jpg"))) == [f"{deep}/a.jpg"]


def test_folders_nested_too_deep_are_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    deepest = tmp_path.joinpath(*["d"] * (DEEPEST + 3))
    deepest.mkdir(parents=True)
    dark(deepest / "a.png")
    scope = Scope(tmp_path)
    assert walked(scope) == []
    for top in (deepest, *deepest.parents[:2]):
        assert list(walk(scope, top)) == []
    [line] = [record.getMessage() for record in caplog.records]
    assert (
        line == f"{tmp_path.joinpath(*['d'] * (DEEPEST + 1))}: nested deeper than {DEEPEST} folders, skipped"
    )
