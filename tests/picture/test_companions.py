"""Which files belong to which picture, told by their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgwatch.picture import companions
from imgwatch.picture.companions import (
    belongs_to_another,
    companions_of,
    is_companion,
    lying_beside,
    owner_of,
)

LONG = "a-holiday-by-the-sea-with-a-name-that-goes-on-and-on.jpg"


def companions_in(picture: str, *others: str) -> set[str]:
    folder = {name: name for name in (picture, *others)}
    return set(companions_of(picture, folder.get))


@pytest.mark.parametrize(
    ("picture", "others"),
    [
        ("IMG_1.HEIC", ["IMG_1.MOV"]),
        ("IMG_1.JPG", ["IMG_1.mov", "IMG_1.AAE"]),
        ("IMG_1.heic", ["IMG_1.MP4", "IMG_1.MP4.json"]),
        ("IMG_1.PNG", ["IMG_1.AAE", "IMG_1.xmp"]),
        ("a.jpg", ["a.xmp", "a.jpg.xmp"]),
        ("a.jpg", ["a.jpg.json"]),
        ("a.jpg", ["a.jpg.supplemental-metadata.json"]),
        ("20230102_123456789_portrait.jpg", ["20230102_123456789_portrait.jpg.supplemental-.json"]),
        (LONG, [f"{LONG[:46]}.json"]),
        ("a(1).jpg", ["a.jpg(1).json", "a.jpg.supplemental-metadata(1).json"]),
        ("DSC_1.JPG", ["DSC_1.NEF", "DSC_1.xmp", "DSC_1.NEF.xmp", "DSC_1.THM"]),
        ("_MG_1.CR2", ["_MG_1.xmp", "_MG_1.THM", "_MG_1.CR2.xmp"]),
        ("MVI_2.MP4", ["MVI_2.THM", "MVI_2.xmp"]),
        ("PXL_1.MP.jpg", ["PXL_1.MP", "PXL_1.MP.jpg.json"]),
        ("a b.jpg", ["a b.Mov"]),
    ],
)
def test_what_belongs_to_a_picture_is_found(picture: str, others: list[str]) -> None:
    strangers = [
        "b.jpg",
        "b.xmp",
        "IMG_10.MOV",
        "IMG_1",
        "a.txt",
        "a.jpg.bak",
        "metadata.json",
        "a.jpeg.json",
    ]
    assert companions_in(picture, *others, *strangers) == set(others)


@pytest.mark.parametrize(
    ("picture", "others", "own"),
    [
        ("IMG.jpg", ["IMG.png", "IMG.xmp", "IMG.jpg.xmp"], {"IMG.jpg.xmp"}),
        ("IMG.jpg", ["IMG.heic", "IMG.MOV", "IMG.DNG"], set()),
        ("IMG.png", ["IMG.mov", "IMG.CR2"], set()),
        ("IMG.CR2", ["IMG.DNG", "IMG.xmp"], set()),
        ("IMG.CR2", ["IMG.png", "IMG.xmp"], set()),
        ("IMG.mov", ["IMG.png", "IMG.xmp"], set()),
    ],
)
def test_what_two_pictures_share_belongs_to_neither(picture: str, others: list[str], own: set[str]) -> None:
    assert companions_in(picture, *others) == own


@pytest.mark.parametrize(
    ("name", "others", "is_one"),
    [
        ("IMG.CR3", ["IMG.JPG"], True),
        ("IMG.dng", ["IMG.heic"], True),
        ("IMG.CR3", [], False),
        ("IMG.CR3", ["IMG.png"], False),
        ("IMG.DNG", ["IMG.heic", "IMG.jpg"], False),
        ("IMG.MOV", ["IMG.HEIC"], True),
        ("IMG.MOV", [], False),
        ("MVI.THM", ["MVI.MP4"], True),
        ("IMG.JPG", ["IMG.CR3", "IMG.MOV"], False),
        ("IMG.png", ["IMG.jpg"], False),
    ],
)
def test_of_a_set_the_picture_that_people_see_is_judged(name: str, others: list[str], is_one: bool) -> None:
    folder = {other: other for other in (name, *others)}
    assert is_companion(name, folder.get) is is_one


def test_a_long_film_belongs_to_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companions, "LARGEST_FILM_BYTES", 10)
    for name in ("poster.jpg", "poster.mp4"):
        (tmp_path / name).write_bytes(b"longer than ten bytes")
    assert lying_beside(tmp_path / "poster.jpg") == []
    assert not belongs_to_another(tmp_path / "poster.mp4")


def test_only_regular_files_belong_to_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "a.xmp").mkdir()
    (tmp_path / "a.aae").symlink_to("a.jpg")
    os.mkfifo(tmp_path / "a.mov")
    assert lying_beside(tmp_path / "a.jpg") == []


def test_a_file_that_two_spellings_lead_to_is_one_under_the_name_that_the_folder_has() -> None:
    folder = {"img.jpg": 1, "img.mov": 2}  # as a file system sees it to which upper and lower case are alike

    def look(name: str) -> int | None:
        return folder.get(name.lower())

    assert len(companions_of("IMG.JPG", look)) == 1
    assert is_companion("IMG.MOV", look)


@pytest.mark.parametrize(
    ("name", "gone", "present", "owner"),
    [
        ("a.xmp", ["a.jpg"], [], "a.jpg"),
        ("a.jpg.json", ["a.jpg", "a.png"], [], "a.jpg"),
        ("a.CR3", ["a.JPG"], [], "a.JPG"),
        ("a.xmp", ["a.jpg", "a.png"], [], None),
        ("a.xmp", ["a.jpg"], ["a.png"], None),
        ("a.xmp", ["a.jpg"], ["a.jpg"], None),
        ("b.xmp", ["a.jpg"], [], None),
        ("a.txt", ["a.jpg"], [], None),
    ],
)
def test_what_comes_later_belongs_to_the_one_picture_that_was_there(
    tmp_path: Path, name: str, gone: list[str], present: list[str], owner: str | None
) -> None:
    for other in (name, *present):
        (tmp_path / other).write_bytes(b"x")
    assert owner_of(tmp_path / name, gone) == owner
