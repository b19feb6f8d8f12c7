"""Bombs: small files that would fill memory or never end; each costs its worker's limits at most, and has a verdict."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import dark
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Shape
from imgwatch.picture.unreadable import Unreadable
from zeros import chunk, squeezed

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("spawned_workers")]

HUGE = 1_000_000_000  # bytes that a bomb unfolds to: more than a worker may have
LIMITS = Limits(megapixels=50, decode_seconds=15, decode_megabytes=512)


def small(file_format: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (24, 24), (10, 200, 30)).save(stream, file_format)
    return stream.getvalue()


def png_with(*chunks: bytes) -> bytes:
    png = small("PNG")
    return png[:33] + b"".join(chunks) + png[33:]  # behind IHDR


def icc_bomb() -> bytes:
    return png_with(chunk(b"iCCP", b"icc\0\0" + squeezed(HUGE)))


def text_bomb() -> bytes:
    return png_with(chunk(b"zTXt", b"Comment\0\0" + squeezed(HUGE)))


def many_texts_bomb() -> bytes:
    one = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))
    return png_with(*[one] * 3000)


def pixel_data_bomb() -> bytes:
    """A small picture whose data unfold to far more than its pixels."""
    png = small("PNG")
    return png[:33] + chunk(b"IDAT", squeezed(HUGE)) + png[-12:]


def frames_bomb() -> bytes:
    """An animation of a million frames: only the first is looked at."""
    gif = small("GIF")
    at = gif.index(b",")  # where the one frame begins
    return gif[:at] + gif[at:-1] * (20_000_000 // len(gif[at:-1])) + b";"


def tiff_of(*entries: tuple[int, int, int, int], next_folder: int = 0) -> bytes:
    """Return a little-endian TIFF of one folder; each entry is tag, type, count, value."""
    body = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in sorted(entries)
    )
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", next_folder) + bytes(64)


SIZE = (
    (256, 4, 1, 4),
    (257, 4, 1, 4),
    (258, 3, 1, 8),
    (259, 3, 1, 1),
    (262, 3, 1, 1),
    (273, 4, 1, 8),
    (279, 4, 1, 16),
)


def nested_tiff() -> bytes:
    """Folders within folders, all of them the first one: EXIF, GPS, interoperability, sub-folders, the next one."""
    return tiff_of(*SIZE, (34665, 4, 1, 8), (34853, 4, 1, 8), (40965, 4, 1, 8), (330, 4, 1, 8), next_folder=8)


def tiff_that_counts_too_much() -> bytes:
    """Entries that claim four thousand million values."""
    return tiff_of(*SIZE[:5], (273, 4, 0xFFFFFFFF, 8), (279, 4, 0xFFFFFFFF, 8), (34675, 7, 0xFFFFFFF0, 8))


def jpeg_of_many_profiles() -> bytes:
    """All the colour profile that a JPEG can hold, many times over."""
    jpeg = small("JPEG")
    piece = b"ICC_PROFILE\0\1\xff" + bytes(65_000)
    segment = b"\xff\xe2" + struct.pack(">H", len(piece) + 2) + piece
    return jpeg[:2] + segment * 1000 + jpeg[2:]


BOMBS: tuple[Callable[[], bytes], ...] = (
    icc_bomb, text_bomb, many_texts_bomb, pixel_data_bomb, frames_bomb, nested_tiff, tiff_that_counts_too_much,
    jpeg_of_many_profiles,
)  # fmt: skip


def test_each_bomb_has_a_verdict_and_the_next_picture_too(tmp_path: Path) -> None:
    paths = []
    for bomb in BOMBS:
        path = tmp_path / f"{bomb.__name__}.png"
        path.write_bytes(bomb())
        paths += [path, dark(tmp_path / f"after_{bomb.__name__}.png")]
    decoder = Decoder(Shape(16, 16, "RGB"), LIMITS)
    try:
        outcomes = dict(decoder.decode(paths))
    finally:
        decoder.close()
    assert list(outcomes) == paths
    for path, outcome in outcomes.items():
        wanted = Decoded if path.name.startswith("after_") else (Decoded, Unreadable)
        assert isinstance(outcome, wanted), (path.name, outcome)
    assert isinstance(outcomes[tmp_path / "frames_bomb.png"], Decoded)
