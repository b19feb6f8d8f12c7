"""Zeros as zlib squeezes them, and black pictures of them: small files of any size, written at once."""

from __future__ import annotations

import struct
import zlib

_BLOCK = 1_000_000


def squeezed(count: int) -> bytes:
    """Return so many zeros, compressed: one block of them, many times over."""
    times, rest = divmod(count, _BLOCK)
    packer = zlib.compressobj(wbits=-15)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(wbits=-15)
    end = last.compress(bytes(rest)) + last.flush()
    adler = count % 65521 << 16 | 1
    return b"\x78\x9c" + block * times + end + struct.pack(">I", adler)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def black_png(side: int) -> bytes:
    """Return a square black picture."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)  # eight bits, RGB
    rows = squeezed(side * (1 + 3 * side))  # each begins with its filter: none
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
