"""RAW files are judged by the large picture that the camera put inside, or not at all."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from imgwatch.picture.decoding import Limits, Shape, decode
from imgwatch.picture.formats import RAW, TIFF, format_of_head
from imgwatch.picture.raw import is_raw, preview
from imgwatch.picture.unreadable import NotJudged, Unreadable
from moving import cr3, encoded, grey, tiff_raw

GREY = Shape(8, 8, "L")
LARGE = encoded(grey(40, 1600, 1200), "JPEG")
SMALL = encoded(grey(240, 160, 120), "JPEG")


def shade(content: bytes) -> int:
    return int(np.median(decode(content, GREY, Limits())))


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_preview_is_judged_and_neither_thumbnail(order: str) -> None:
    content = tiff_raw(SMALL, LARGE, SMALL, order=order)
    assert is_raw(content, format_of_head(content))
    assert abs(shade(content) - 40) < 4


@pytest.mark.parametrize(
    "beginning",
    [
        b"IIU\0\x18\0\0\0",
        b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"FUJIFILMCCD-RAW 0201",
        b"II*\0\x10\0\0\0CR\2\0",
    ],
)
def test_the_preview_is_found_in_every_makers_format(beginning: bytes) -> None:
    content = beginning + bytes(500) + SMALL + bytes(3000) + LARGE + bytes(70)
    assert format_of_head(content) is RAW
    assert abs(shade(content) - 40) < 4


def test_cr3_is_read_and_turned() -> None:
    assert abs(shade(cr3(LARGE)) - 40) < 4
    turned = decode(cr3(encoded(grey(200, 1600, 1200), "JPEG"), orientation=6), GREY, Limits())
    assert turned[0].mean() < turned[4].mean() - 20


@pytest.mark.parametrize(
    "jpegs", [(), (SMALL,), (LARGE[:10],), (encoded(grey(9, 1600, 1200).convert("L"), "JPEG"),)]
)
def test_a_raw_without_a_large_preview_is_left_alone(jpegs: tuple[bytes, ...]) -> None:
    with pytest.raises(NotJudged, match="a RAW picture without a preview of at least 640 pixels"):
        decode(tiff_raw(*jpegs), GREY, Limits())


def test_tiles_are_no_preview() -> None:
    tiles = [encoded(grey(number * 9, 1024, 1024), "JPEG") for number in range(4)]
    with pytest.raises(NotJudged):
        decode(tiff_raw(*tiles), GREY, Limits())
    assert preview(tiff_raw(*tiles, LARGE)) is not None, "the one that is larger than they are"


def test_sensor_data_in_lossless_jpeg_are_no_preview() -> None:
    lossless = LARGE.replace(b"\xff\xc0", b"\xff\xc3", 1)
    with pytest.raises(NotJudged):
        decode(tiff_raw(lossless), GREY, Limits())


def test_the_file_says_how_its_preview_is_turned() -> None:
    left_dark = encoded(grey(200, 1600, 1200), "JPEG")
    assert decode(tiff_raw(left_dark), GREY, Limits())[4, 0] < 150
    turned = decode(tiff_raw(left_dark, orientation=6), GREY, Limits())
    assert turned[0].mean() < turned[4].mean() - 20
    exif = Image.Exif()
    exif[0x0112] = 3  # the preview's own word counts
    own = decode(tiff_raw(encoded(grey(200, 1600, 1200), "JPEG", exif=exif), orientation=6), GREY, Limits())
    assert own[4, 7] < own[4, 2]


def test_a_cut_preview_is_damaged() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    content = tiff_raw(encoded(Image.fromarray(noise), "JPEG"))
    with pytest.raises(Unreadable, match="damaged"):
        decode(content[: len(content) // 2], GREY, Limits())


def test_pictures_of_a_scanner_are_tiffs() -> None:
    for options in ({}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}):
        content = encoded(grey(90), "TIFF", **options)
        assert format_of_head(content) is TIFF
        assert not is_raw(content, TIFF)


def test_a_file_full_of_beginnings_ends() -> None:
    hostile = b"IIU\0" + b"\xff\xd8\xff\xe0\0\2" * 300_000
    with pytest.raises(NotJudged):
        decode(hostile, GREY, Limits())
    loop = b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + bytes(30)
    with pytest.raises(Unreadable):
        decode(loop, GREY, Limits())
