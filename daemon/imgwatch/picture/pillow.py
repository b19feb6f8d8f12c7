"""How Pillow opens a file: the formats that it may try, and what it raises on damaged files."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

from PIL import Image

from imgwatch.picture.formats import HEIC, SNIFF_BYTES, Format, format_of_head
from imgwatch.picture.unreadable import TemporarilyUnreadable

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF")

# What Pillow is known to raise on damaged files, besides OSError (which covers UnidentifiedImageError).
DECODE_FAULTS = (
    OSError, ValueError, TypeError, SyntaxError, IndexError, KeyError, NotImplementedError, AttributeError,
    ArithmeticError, AssertionError, EOFError, MemoryError, RecursionError, BufferError, RuntimeError,
    zlib.error, struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip

Image.MAX_IMAGE_PIXELS = None  # `Limits.megapixels` decides, by the header, before any pixel is decoded


def open_image(content: bytes) -> Image.Image:
    """Open a file's bytes by its header alone; no pixel is decoded yet. Raises one of DECODE_FAULTS, or Unreadable."""
    return Image.open(io.BytesIO(content), formats=_formats(format_of_head(content[:SNIFF_BYTES])))


def _formats(known: Format | None) -> tuple[str, ...]:
    """Return the formats that Pillow may try; the reader of HEIC is imported at the first such file."""
    return (*FORMATS, _heif()) if known is HEIC else FORMATS


@cache
def _heif() -> str:
    """Register HEIC with Pillow; return Pillow's name for it."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as fault:
        raise TemporarilyUnreadable(f"pillow-heif is installed but cannot be used: {fault}") from fault
    register_heif_opener(
        decode_threads=1, depth_images=False, aux_images=False
    )  # a worker is one processor's
    return "HEIF"
