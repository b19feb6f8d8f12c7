"""Broken metadata never make whole pixels damaged; damaged pixels stay damaged."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgwatch.picture.decoding import Limits, Shape, decode
from imgwatch.picture.metadata import without_metadata
from imgwatch.picture.unreadable import Unreadable

RGB = Shape(16, 16, "RGB")
LIMITS = Limits()
GOOD_EXIF = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
NOISE = Image.fromarray(np.random.default_rng(3).integers(0, 255, (40, 30, 3), dtype=np.uint8))
FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF"]


def saved(file_format: str, **more: Any) -> bytes:
    stream = io.BytesIO()
    NOISE.save(stream, file_format, **more)
    return stream.getvalue()


@pytest.mark.parametrize("file_format", FORMATS[:3])
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0" + GOOD_EXIF,
        repr(GOOD_EXIF).encode(),
        b"nothing-like",
        GOOD_EXIF[:20],
        GOOD_EXIF[14:],
        bytes(9),
    ],
)
def test_odd_exif_leaves_the_picture_readable(file_format: str, exif: bytes) -> None:
    assert decode(saved(file_format, exif=exif), RGB, LIMITS).shape == (16, 16, 3)


@pytest.mark.parametrize("file_format", FORMATS[:3])
def test_sound_exif_turns_the_picture(file_format: str) -> None:
    turned = decode(saved(file_format, exif=GOOD_EXIF, quality=100), RGB, LIMITS)
    plain = decode(saved(file_format, quality=100), RGB, LIMITS)
    assert np.abs(turned.astype(int) - np.rot90(plain, -1)).mean() < 12


@pytest.mark.parametrize(
    ("kind", "value"), [(12, struct.pack("<d", float("nan"))), (9, struct.pack("<i", -7))]
)
def test_tags_that_cannot_be_written_again_do_not_matter(kind: int, value: bytes) -> None:
    offset = struct.pack("<I", 8 + 2 + 24 + 4) if len(value) > 4 else value
    entries = struct.pack("<HHIHH", 0x112, 3, 1, 6, 0) + struct.pack("<HHI", 0x8769, kind, 1) + offset
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4) + value
    assert decode(saved("JPEG", exif=exif), RGB, LIMITS).shape == (16, 16, 3)


def chunk(kind: bytes, content: bytes, *, is_sound: bool = True) -> bytes:
    checksum = zlib.crc32(kind + content) ^ (not is_sound)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@pytest.mark.parametrize(
    "odd",
    [
        chunk(b"iCCP", b"no-profile"),
        chunk(b"iCCP", b"icc\0\0" + b"not zlib"),
        chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"tEXt", b"a\0b", is_sound=False),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"not zlib"),
        chunk(b"pHYs", b"1"),
        chunk(b"gAMA", b"12"),
        chunk(b"sRGB", b""),
        chunk(b"cHRM", bytes(3)),
        chunk(b"tIME", b"x"),
        chunk(b"eXIf", b"\0", is_sound=False),
    ],
    ids=lambda odd: odd[4:8].decode(),
)
def test_odd_chunks_of_a_png_leave_its_pixels_whole(odd: bytes) -> None:
    png = saved("PNG")
    assert np.array_equal(decode(png[:33] + odd + png[33:], RGB, LIMITS), decode(png, RGB, LIMITS))


@pytest.mark.parametrize("size", [12, 1 << 20, 3 << 20])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_what_lies_behind_the_end_is_no_damage(file_format: str, size: int) -> None:
    content = saved(file_format)
    assert np.array_equal(decode(content + b"x" * size, RGB, LIMITS), decode(content, RGB, LIMITS))


def test_a_webp_whose_remarks_are_cut_is_whole() -> None:
    content = saved("WEBP", xmp=b"<x:xmpmeta>" + b" " * 5000, icc_profile=bytes(700))
    assert np.array_equal(decode(content[:-3000], RGB, LIMITS), decode(saved("WEBP"), RGB, LIMITS))


def segments(content: bytes) -> Iterator[bytes]:
    """Yield odd segments that a JPEG may have: profiles, remarks, maker's."""
    for kind in (0xE1, 0xE2, 0xED, 0xFE, 0xE5):
        for odd in (
            b"ICC_PROFILE\0\7\3",
            b"MPF\0",
            b"Photoshop 3.0\0008BIM",
            b"Exif\0\0MM",
            b"http://ns.adobe.com/xap/1.0/\0<",
            b"",
        ):
            yield content[:2] + b"\xff" + bytes([kind]) + struct.pack(">H", len(odd) + 2) + odd + content[2:]


def test_odd_segments_of_a_jpeg_leave_its_pixels_whole() -> None:
    jpeg = saved("JPEG")
    for odd in segments(jpeg):
        assert np.array_equal(decode(odd, RGB, LIMITS), decode(jpeg, RGB, LIMITS)), odd[:40]


def test_odd_tags_of_a_tiff_leave_its_pixels_whole() -> None:
    plain = saved("TIFF")
    at = struct.unpack("<I", plain[4:8])[0]
    number = struct.unpack("<H", plain[at : at + 2])[0]
    folder = plain[at + 2 : at + 2 + 12 * number]
    for tag, kind, count, value in [
        (700, 1, 1 << 31, 8),
        (34675, 7, 1 << 30, 8),
        (282, 5, 1, 0),
        (34665, 4, 1, 1 << 31),
        (33723, 250, 9, 9),
    ]:
        extra = [
            *(folder[i : i + 12] for i in range(0, len(folder), 12)),
            struct.pack("<HHII", tag, kind, count, value),
        ]
        entries = sorted(extra, key=lambda entry: struct.unpack("<H", entry[:2]))
        entries = [entry for entry in entries if entry[:2] != struct.pack("<H", tag)] + [extra[-1]]
        entries.sort(key=lambda entry: struct.unpack("<H", entry[:2]))
        odd = plain[:4] + struct.pack("<I", len(plain)) + plain[8:]
        odd += struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
        assert np.array_equal(decode(odd, RGB, LIMITS), decode(plain, RGB, LIMITS)), tag


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "AVIF", "HEIF"]), st.binary(min_size=1, max_size=60))
def test_any_bytes_as_exif_leave_the_picture_readable(file_format: str, exif: bytes) -> None:
    stream = io.BytesIO()
    try:
        NOISE.save(stream, file_format, exif=b"Exif\0\0" + exif)
    except (ValueError, SyntaxError, struct.error, OSError, TypeError, UserWarning):
        return  # the writer looks at it, too
    assert decode(stream.getvalue(), RGB, LIMITS).shape == (16, 16, 3)


def damaged_pixels() -> list[tuple[str, Callable[[bytes], bytes]]]:
    return [
        ("PNG", lambda content: content[: len(content) // 2] + bytes(50) + content[len(content) // 2 + 50 :]),
        ("PNG", lambda content: content[:-12]),
        ("JPEG", lambda content: content[: len(content) // 2]),
        ("WEBP", lambda content: content[: len(content) // 2]),
        ("TIFF", lambda content: content[: len(content) // 2]),
    ]


@pytest.mark.parametrize(("file_format", "damage"), damaged_pixels())
def test_damaged_pixels_stay_damaged(file_format: str, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Unreadable, match=r"damaged|not a picture"):
        decode(damage(saved(file_format)), RGB, LIMITS)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_pixels_are_the_same_without_metadata(file_format: str) -> None:
    content = saved(file_format, exif=GOOD_EXIF, icc_profile=bytes(600))
    bare = without_metadata(content)
    assert bare is not None
    with Image.open(io.BytesIO(bare)) as image, Image.open(io.BytesIO(content)) as whole:
        assert np.array_equal(np.asarray(image), np.asarray(whole))
        assert "icc_profile" not in image.info
