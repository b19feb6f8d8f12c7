"""Which files training and evaluating take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.errors import InputMissing
from imgwatch.scan import list_pictures

JPEG = b"\xff\xd8\xff\xe0 and so on"


def _write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)


def _names(root: Path, *exclude: Path, ignore: tuple[str, ...] = ()) -> list[str]:
    return [str(path.relative_to(root)) for path in list_pictures([root], exclude, ignore)]


def test_takes_pictures_by_extension_or_content_sorted(tmp_path: Path) -> None:
    _write(tmp_path, "b.jpg", "a/c.PNG", "no extension")
    (tmp_path / "text.txt").write_text("not a picture")
    assert _names(tmp_path) == ["a/c.PNG", "b.jpg", "no extension"]


def test_links_and_fifos_are_left_alone(tmp_path: Path) -> None:
    _write(tmp_path, "in/real.jpg", "outside/other.jpg")
    (tmp_path / "in/link.jpg").symlink_to(tmp_path / "outside/other.jpg")
    (tmp_path / "in/folder").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "in/fifo.jpg")
    assert _names(tmp_path / "in") == ["real.jpg"]


def test_excluded_and_ignored_are_left_out(tmp_path: Path) -> None:
    _write(tmp_path, "a.jpg", "b.jpg", "quarantine/c.jpg", ".thumbnails/d.jpg", "e.jpg.part")
    listed = _names(tmp_path, tmp_path / "b.jpg", tmp_path / "quarantine", ignore=(".*", "*.part"))
    assert listed == ["a.jpg"]


def test_a_folder_inside_another_counts_once(tmp_path: Path) -> None:
    _write(tmp_path, "a/b.jpg")
    assert len(list_pictures([tmp_path, tmp_path / "a"], (), ())) == 1


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_missing_and_empty_folders_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputMissing, match=name) as raised:
        list_pictures([tmp_path / name], (), ())
    assert raised.value.exit_code == 66
