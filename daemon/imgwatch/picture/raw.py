"""Camera RAW files: find the large JPEG inside, which is what people see of the shot.

The sensor's own data are never developed. All of DNG, NEF, ARW, CR2, CR3, RW2, ORF and RAF have their previews as plain
JPEG streams, so one search serves them all: no library has to read what strangers wrote into eight formats.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator

from imgwatch.picture import tiff
from imgwatch.picture.formats import RAW, TIFF, Format

LEAST_SIDE = 640  # pixels of the longer side; what is smaller is a thumbnail
_START = b"\xff\xd8\xff"
_MOST_STARTS = 20_000  # of JPEG streams that are looked at: tiles of a large DNG are some thousand
_MOST_SEGMENTS = 200  # before the one that tells the size
_FRAMES = {0xC0, 0xC1, 0xC2}  # SOF0 to SOF2, ITU T.81: those that every viewer shows; RAW data are SOF3
_OF_SENSOR = {32803, 34892}  # the photometric interpretations of a colour filter array, and of linear RAW
_REDUCED = 1  # bit of NewSubfileType: a smaller copy of another picture in the file


def is_raw(content: bytes, known: Format | None) -> bool:
    """Return whether a file is a RAW picture: by its first bytes, or as a TIFF that does not begin with the picture."""
    if known is not TIFF:
        return known is RAW
    first = tiff.short_values(content)
    return (
        tiff.DNG_VERSION in first
        or bool(first.get(tiff.SUBFILE, 0) & _REDUCED)
        or first.get(tiff.PHOTOMETRIC) in _OF_SENSOR
    )


def preview(content: bytes) -> bytes | None:
    """Return the largest JPEG inside, from its first byte to the file's end; None if none is large enough.

    Several of the same largest size are tiles of the sensor's picture, not previews.
    """
    jpegs = [
        (width * height, at) for at, width, height in _jpegs(content) if max(width, height) >= LEAST_SIDE
    ]
    if not jpegs:
        return None
    largest, at = max(jpegs, key=lambda jpeg: (jpeg[0], -jpeg[1]))
    return None if Counter(area for area, _ in jpegs)[largest] > 1 else content[at:]


def orientation(content: bytes) -> int:
    """Return EXIF's number of a RAW file's orientation; 1, upright, if it has none."""
    head = content[: 1 << 16]
    at = head.find(b"CMT1") + 4 if head[4:12] == b"ftypcrx " else 0  # CR3 has a TIFF folder of its own for it
    return tiff.short_values(content[at:] if at else content).get(tiff.ORIENTATION, 1)


def _jpegs(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield offset, width and height of each JPEG stream of three colours."""
    at = content.find(_START)
    for _ in range(_MOST_STARTS):
        if at < 0:
            return
        size = _size(content, at + 2)
        if size is not None:
            yield at, *size
        at = content.find(_START, at + 3)


def _size(content: bytes, at: int) -> tuple[int, int] | None:
    """Return width and height by the segments that begin at `at`."""
    for _ in range(_MOST_SEGMENTS):
        try:
            mark, kind, length = struct.unpack_from(">BBH", content, at)
            if mark != 0xFF or kind < 0xC0 or length < 2:
                return None
            if kind in _FRAMES:
                bits, height, width, colours = struct.unpack_from(">BHHB", content, at + 4)
                return (width, height) if bits == 8 and colours == 3 else None
            if 0xC0 < kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:  # another kind of frame
                return None
        except struct.error:
            return None
        at += 2 + length
    return None
