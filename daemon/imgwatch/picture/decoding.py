"""Turn a file into a uint8 array: the one definition of decoding, used by the daemon and by training alike.

It knows nothing of models, processes or verdicts; `decoder` runs it in a guarded worker.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from imgwatch.files import Identity, open_regular, open_unlinked

ColourMode = Literal["RGB", "L"]
Pixels = NDArray[np.uint8]

EXTENSIONS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".gif",
        ".bmp",
        ".dib",
        ".webp",
        ".tif",
        ".tiff",
        ".avif",
    }
)
HEIC_EXTENSIONS = frozenset({".heic", ".heif"})
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF")
SNIFF_BYTES = 32
_PNG_END = b"IEND\xaeB`\x82"
_PNG_TAIL_BYTES = 1 << 20  # some programs write remarks of their own after the end

# What Pillow is known to raise on damaged files, besides OSError (which covers UnidentifiedImageError).
DECODE_FAULTS = (
    OSError, ValueError, TypeError, SyntaxError, IndexError, KeyError, NotImplementedError, AttributeError,
    ArithmeticError, AssertionError, EOFError, MemoryError, RecursionError, BufferError, RuntimeError,
    zlib.error, struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


Image.MAX_IMAGE_PIXELS = None  # `Limits.megapixels` decides, by the header, before any pixel is decoded


class Unreadable(Exception):
    """This file cannot be judged; the text is the reason that the user is told."""

    sha256: str | None = None  # of the file's bytes, where they could be read


@dataclass(frozen=True)
class Limits:
    """What one picture may cost. Seconds and memory are held by the worker, bytes and pixels here."""

    file_megabytes: float = 200
    megapixels: float = 200
    decode_seconds: float = 20
    decode_megabytes: int = 2048
    follows_links: bool = (
        True  # where on the way to the picture; a daemon's paths have none, so one there is a trap
    )


@dataclass(frozen=True)
class Shape:
    """What a model wants to see: height and width in pixels, "RGB" (3 channels) or "L" (1 channel)."""

    height: int
    width: int
    mode: ColourMode

    @property
    def channels(self) -> int:
        """Number of colour channels."""
        return 3 if self.mode == "RGB" else 1

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height to resize a picture to: always the same."""
        del width, height
        return self.width, self.height


@dataclass(frozen=True)
class Box:
    """What a person wants to see: the whole picture in its proportions, in colour, no side longer than `side`."""

    side: int
    mode: ColourMode = "RGB"

    @property
    def width(self) -> int:
        """The most it can be wide."""
        return self.side

    @property
    def height(self) -> int:
        """The most it can be high."""
        return self.side

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height to resize a picture to; small ones stay as they are."""
        scale = min(1.0, self.side / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class Decoded:
    """One picture: uint8 `pixels` [height, width, channels], the sha256 of its file, and the file they came from."""

    pixels: Pixels
    sha256: str
    identity: Identity


def has_picture_extension(name: str) -> bool:
    """Tell whether a file name claims to be a picture of a supported format."""
    suffix = Path(name).suffix.lower()
    return suffix in EXTENSIONS or (suffix in HEIC_EXTENSIONS and _heic_available())


def looks_like_picture(head: bytes) -> bool:
    """Tell by the first SNIFF_BYTES bytes of a file whether it is of a supported format."""
    if head.startswith(
        (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    ):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[:2] == b"BM" and len(head) >= 18:  # a bitmap's header length is one of a few small numbers
        return struct.unpack("<I", head[14:18])[0] in {12, 16, 40, 52, 56, 64, 108, 124}
    if head[4:8] == b"ftyp":
        return head[8:12] in {b"avif", b"avis"} or (
            _heic_available() and head[8:12] in {b"heic", b"heix", b"mif1", b"heif"}
        )
    return False


def read(path: Path | str | bytes, shape: Shape | Box, limits: Limits) -> Decoded:
    """Read, hash and decode one file. Raises Unreadable with a reason; FileNotFoundError when it is gone."""
    try:
        named = Path(os.fsdecode(path))
        fd = open_regular(named) if limits.follows_links else open_unlinked(named)
    except FileNotFoundError:
        raise
    except OSError as fault:
        why = "" if fault.errno == errno.EINVAL else "cannot be opened: "
        raise Unreadable(f"{why}{fault.strerror}") from fault
    with os.fdopen(fd, "rb") as stream:
        before = os.fstat(fd)
        content = _read_whole(stream, before.st_size, limits)
        identity = Identity.of(before)
        if Identity.of(os.fstat(fd)) != identity or len(content) != before.st_size:
            raise Unreadable("changed while it was read")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return Decoded(decode(content, shape, limits), sha256, identity)
    except Unreadable as fault:
        fault.sha256 = sha256
        raise


def _read_whole(stream: io.BufferedReader, size: int, limits: Limits) -> bytes:
    if size == 0:
        raise Unreadable("the file is empty")
    if size > limits.file_megabytes * 1e6:
        raise Unreadable(f"larger than {limits.file_megabytes:g} MB (limits.file_megabytes)")
    try:
        return stream.read(size + 1)
    except OSError as fault:
        raise Unreadable(f"cannot be read: {fault.strerror}") from fault


def decode(content: bytes, shape: Shape | Box, limits: Limits) -> Pixels:
    """Decode a file's bytes to uint8 [height, width, channels]: plain resize, no crop, upright, alpha over white.

    Large JPEGs are decoded at a reduced scale of at least twice the size asked for. Raises Unreadable.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_formats()) as image:
                _refuse_large(image, limits)
                image.draft("RGB" if shape.mode == "RGB" else "L", (2 * shape.width, 2 * shape.height))
                image.load()
                _refuse_half_written(image, content)
                upright = ImageOps.exif_transpose(image)
                flat = _to_mode(upright, shape.mode)
                size = shape.size_for(*flat.size)
                small = flat.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    except DECODE_FAULTS as fault:
        raise Unreadable(_why(fault)) from fault
    return np.asarray(small, dtype=np.uint8).reshape(small.height, small.width, -1)


def _refuse_large(image: Image.Image, limits: Limits) -> None:
    megapixels = image.width * image.height / 1e6
    if megapixels > limits.megapixels:
        raise Unreadable(f"{megapixels:.0f} megapixels, more than {limits.megapixels:g} (limits.megapixels)")


def _refuse_half_written(image: Image.Image, content: bytes) -> None:
    """Pillow forgives a PNG that stops after its pixels; it may still be under way."""
    if image.format == "PNG" and _PNG_END not in content[-_PNG_TAIL_BYTES:]:
        raise Unreadable("damaged or incomplete: the end of the file is missing")


def _to_mode(image: Image.Image, mode: ColourMode) -> Image.Image:
    """Convert any Pillow mode to RGB or L; what is transparent becomes white, 16-bit and float become 8-bit."""
    if image.mode.startswith(("I", "F")):
        image = _to_eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return image if image.mode == mode else image.convert(mode)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale integer and float pictures: 16-bit by its full range, others by their own largest value."""
    values = np.asarray(image, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(values.max(initial=0.0))
    full = 65535.0 if image.mode.startswith("I") and largest <= 65535 else max(largest, 1.0)
    if image.mode == "F" and largest <= 1.0:
        full = 1.0
    return Image.fromarray((values.clip(0, full) * (255.0 / full) + 0.5).astype(np.uint8))


def _why(fault: BaseException) -> str:
    if isinstance(fault, MemoryError):
        return "needs more memory than limits.decode_megabytes to decode"
    text = " ".join(str(fault).split())[:120]
    if isinstance(fault, UnidentifiedImageError):
        return "not a picture of a supported format"
    return f"damaged or incomplete: {text}" if text else f"damaged or incomplete ({type(fault).__name__})"


def _formats() -> tuple[str, ...]:
    return (*FORMATS, "HEIF") if _heic_available() else FORMATS


@cache
def _heic_available() -> bool:
    """Register pillow-heif, if the extra `heic` is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True
