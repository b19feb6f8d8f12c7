"""The first directory of a TIFF file, which camera RAW files are, too: just enough to distinguish them."""

from __future__ import annotations

import struct

ORIENTATION, SUBFILE, COMPRESSION, PHOTOMETRIC, DNG_VERSION = 0x112, 0xFE, 0x103, 0x106, 0xC612
_MOST_ENTRIES = 512  # of a folder; no camera writes more
_SHORT = 3


def byte_order(content: bytes) -> str:
    """Return the byte order of a TIFF file for `struct`: "<" or ">"."""
    return ">" if content[:2] == b"MM" else "<"


def first_folder(content: bytes) -> tuple[int, int]:
    """Return the offset of the first directory's entries, and their number; (0, 0) without one."""
    order = byte_order(content)
    try:
        (at,) = struct.unpack_from(f"{order}I", content, 4)
        (number,) = struct.unpack_from(f"{order}H", content, at)
    except struct.error:
        return 0, 0
    return at + 2, min(number, _MOST_ENTRIES)


def short_values(content: bytes) -> dict[int, int]:
    """Return the numbers in the first directory by tag: the value of a SHORT or a LONG, or else the value's offset."""
    order = byte_order(content)
    at, number = first_folder(content)
    values: dict[int, int] = {}
    for offset in range(at, at + 12 * number, 12):
        if offset + 12 > len(content):
            break
        tag, kind, count = struct.unpack_from(f"{order}HHI", content, offset)
        is_short = kind == _SHORT and count == 1
        (values[tag],) = struct.unpack_from(f"{order}H" if is_short else f"{order}I", content, offset + 8)
    return values
