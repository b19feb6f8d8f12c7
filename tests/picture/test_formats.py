"""Formats: each is known by name and content, and what is not read is told and left alone."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgwatch.picture.decoding import Limits, Shape, decode
from imgwatch.picture.formats import (
    FILM,
    FORMATS,
    HEIC,
    JPEG_XL,
    RAW,
    format_of_head,
    format_of_name,
    left_alone,
)
from imgwatch.picture.unreadable import TemporarilyUnreadable
from imgwatch.scan import format_of, is_candidate
from moving import encoded, film, grey

GREY = Shape(8, 8, "L")


def test_no_extension_is_claimed_twice() -> None:
    extensions = [extension for known in FORMATS for extension in known.extensions]
    assert len(extensions) == len(set(extensions))


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "a.heif", "b.HIF"])
def test_heic_is_read_by_a_plain_install(name: str, tmp_path: Path) -> None:
    content = encoded(grey(120, 400, 300), "HEIF")
    assert format_of_head(content[:32]) is HEIC
    assert abs(int(np.median(decode(content, GREY, Limits()))) - 120) < 6
    (tmp_path / name).write_bytes(content)
    (tmp_path / "nameless").write_bytes(content)
    assert is_candidate(tmp_path / name)
    assert is_candidate(tmp_path / "nameless")


def test_heic_is_turned_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = grey(200, 400, 200)
    picture.info["exif"] = (
        exif.tobytes()
    )  # then it is written as phones do: turned by HEIF's own word and by EXIF's
    pixels = decode(encoded(picture, "HEIF"), GREY, Limits())
    assert pixels[0].mean() < pixels[4].mean() - 20, "what is left in the file is on top"


@pytest.mark.parametrize("quality", [{"quality": 40}, {"chroma": 444}])
def test_a_damaged_heic_is_unreadable(quality: dict[str, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), "HEIF", **quality)
    for damaged in (content[:200], content[: len(content) // 2]):
        with pytest.raises(Exception, match=r"damaged|not a picture"):
            decode(damaged, GREY, Limits())


@pytest.mark.parametrize("container", ["mp4", "mov", "3gp", "matroska", "avi"])
def test_films_are_known_by_their_first_bytes(container: str) -> None:
    assert format_of_head(film([1, 2, 3], container)[:32]) is FILM


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("IMG.DNG", RAW),
        ("a.cr3", RAW),
        ("VID.MP4", FILM),
        ("x.3gp", FILM),
        ("b.jxl", JPEG_XL),
        ("c.txt", None),
    ],
)
def test_formats_by_name(name: str, known: object) -> None:
    assert format_of_name(name) is known


def test_a_picture_with_the_name_of_a_format_that_is_not_read_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "saved-as.jxl"
    path.write_bytes(encoded(grey(9), "PNG"))
    assert is_candidate(path)
    path.write_bytes(b"\xff\x0a" + bytes(40))
    assert format_of(path) is JPEG_XL
    assert not is_candidate(path)


def test_what_is_not_read_says_so_also_where_it_is_named() -> None:
    with pytest.raises(TemporarilyUnreadable, match="1 JPEG XL file is not looked at"):
        decode(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), GREY, Limits())


def test_a_sentence_counts_what_is_left_alone() -> None:
    assert left_alone({"film": 312, "JPEG XL": 1, "of a later version": 2}) == [
        "312 films are not looked at: the extra `video` is missing; pip install 'imgwatch[video]', then start imgwatch "
        "again",
        "1 JPEG XL file is not looked at: this version does not read them (docs/pictures.md says why)",
    ]


def test_a_motion_photo_is_judged_by_its_picture() -> None:
    still = encoded(grey(40), "JPEG")
    assert decode(still + film([250] * 5), GREY, Limits()).mean() < 60
    stream = io.BytesIO()
    grey(40).save(stream, "MPO", save_all=True, append_images=[grey(250)])
    assert decode(stream.getvalue(), GREY, Limits()).mean() < 60
