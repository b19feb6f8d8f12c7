"""Remove the metadata that is not needed to show a picture: XMP, ICC profiles, texts, comments; EXIF mostly stays.

A reader that fails on a picture may succeed without them. Damaged pixels stay damaged.
"""

from __future__ import annotations

import struct
import zlib

from imgwatch.picture import tiff
from imgwatch.picture.formats import JPEG, PNG, TIFF, WEBP, format_of_head

_PNG_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}
_WEBP_NEEDED = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_TIFF_NEEDED = {
    254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332,
    338, 339, 347, 512, 513, 514, 519, 520, 521, 529, 530, 531, 532,
}  # fmt: skip


def without_metadata(content: bytes) -> bytes | None:
    """Return a file's bytes without such metadata; None for a format that is not parsed here.

    EXIF stays where readers look at it only for the orientation.
    """
    strip_by_format = {PNG: _bare_png, JPEG: _bare_jpeg, WEBP: _bare_webp, TIFF: _bare_tiff}
    known = format_of_head(content)
    return strip_by_format[known](content) if known in strip_by_format else None


def _bare_png(content: bytes) -> bytes:
    """Keep the chunks needed for the pixels, up to the end of the picture, and EXIF if its checksum is right."""
    kept, at = [content[:8]], 8
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        chunk = content[at : at + 12 + length]
        if kind in _PNG_NEEDED or (kind == b"eXIf" and zlib.crc32(chunk[4:-4]).to_bytes(4) == chunk[-4:]):
            kept.append(chunk)
        if kind == b"IEND":
            break
        at += 12 + length
    return b"".join(kept)


def _bare_jpeg(content: bytes) -> bytes:
    """Drop comments and application segments, except Adobe's, which says how colours are encoded."""
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:  # padding
            at += 1
            continue
        if kind == 0xDA:  # the pixels begin
            break
        (length,) = struct.unpack_from(">H", content, at + 2)
        if kind == 0xEE or not (0xE0 <= kind <= 0xEF or kind == 0xFE):
            kept.append(content[at : at + 2 + length])
        at += 2 + length
    return b"".join([*kept, content[at:]])


def _bare_webp(content: bytes) -> bytes:
    """Keep the chunks needed for the pixels; a truncated chunk is dropped if it is not one of them."""
    kept, at = [b"WEBP"], 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        if kind in _WEBP_NEEDED:
            kept.append(content[at : at + 8 + length + length % 2])
        at += 8 + length + length % 2
    body = b"".join(kept)
    if body[4:8] == b"VP8X" and len(body) > 12:  # its flags announce what is not there any more
        body = body[:12] + bytes([body[12] & 0b00010010]) + body[13:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _bare_tiff(content: bytes) -> bytes:
    """Change the type of entries that no pixel needs to one that no reader knows, so that they are skipped."""
    order = tiff.byte_order(content)
    at, number = tiff.first_folder(content)
    bare = bytearray(content)
    for offset in range(at, min(at + 12 * number, len(content) - 12), 12):
        (tag,) = struct.unpack_from(f"{order}H", content, offset)
        if tag not in _TIFF_NEEDED:
            bare[offset + 2 : offset + 4] = b"\xff\xff"
    return bytes(bare)
