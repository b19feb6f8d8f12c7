"""Turn a file into a uint8 array: the one definition of decoding, used by the daemon and by training alike.

It knows nothing of models, processes or verdicts; `decoder` runs it in a guarded worker.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from imgwatch.files import Identity, open_regular, open_unlinked
from imgwatch.picture import film, header, raw
from imgwatch.picture.animation import FRAMES, frames_to_judge
from imgwatch.picture.formats import FILM, RAW, SNIFF_BYTES, TIFF, Format, format_of_head
from imgwatch.picture.metadata import without_metadata
from imgwatch.picture.pillow import DECODE_FAULTS, open_image
from imgwatch.picture.unreadable import NotJudged, TemporarilyUnreadable, Unreadable

ColourMode = Literal["RGB", "L"]
Pixels = NDArray[np.uint8]

_PNG_END = b"IEND\xaeB`\x82"
_TURNS = {  # by EXIF's number for the orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Limits:
    """What one picture may cost. The worker enforces seconds and memory, this module bytes and pixels."""

    file_megabytes: float = 200
    megapixels: float = 200
    decode_seconds: float = 20
    decode_megabytes: int = 2048
    follows_links: bool = (
        True  # where on the way to the picture; a daemon's paths have none, so one there is a trap
    )


@dataclass(frozen=True)
class Shape:
    """A model's input: height and width in pixels, "RGB" (3 channels) or "L" (1 channel)."""

    height: int
    width: int
    mode: ColourMode

    @property
    def channels(self) -> int:
        """The number of colour channels."""
        return 3 if self.mode == "RGB" else 1

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height to resize a picture to: the model's."""
        del width, height
        return self.width, self.height


@dataclass(frozen=True)
class Box:
    """A picture for a person: whole, in its proportions, in colour, no side longer than `side` pixels."""

    side: int
    mode: ColourMode = "RGB"
    with_origin: bool = False  # whether `Decoded.origin` is wanted

    @property
    def width(self) -> int:
        """The greatest width, in pixels."""
        return self.side

    @property
    def height(self) -> int:
        """The greatest height, in pixels."""
        return self.side

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height to resize a picture to; a small one keeps its size."""
        scale = min(1.0, self.side / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class Decoded:
    """One picture or film: its frames, each uint8 [height, width, channels], the sha256 of its file, and the file.

    A still picture has one frame. `taken` is when it was taken, by the camera's clock.
    """

    frames: tuple[Pixels, ...]
    sha256: str
    identity: Identity
    taken: datetime | None = None
    origin: header.Origin | None = None

    @cached_property  # which a worker asks for, so that it comes with the picture
    def fingerprint(self) -> bytes | None:
        """A digest of the visible pixels, whatever the metadata: 16 bytes over every fourth row and column.

        None for a picture of a single colour: others look the same without being copies of it.
        """
        thinned = self.pixels[::4, ::4].tobytes()
        if thinned.count(thinned[:1]) == len(thinned):
            return None
        return hashlib.blake2b(thinned, digest_size=16).digest()

    @property
    def pixels(self) -> Pixels:
        """The picture, or the middle frame, which represents all where only one can be shown."""
        return self.frames[len(self.frames) // 2]


def read(path: Path | str | bytes, shape: Shape | Box, limits: Limits) -> Decoded:
    """Read, hash and decode one file. Raises Unreadable with a reason; FileNotFoundError when it is gone."""
    try:
        named = Path(os.fsdecode(path))
        fd = open_regular(named) if limits.follows_links else open_unlinked(named)
    except FileNotFoundError:
        raise
    except OSError as fault:
        if fault.errno == errno.EINVAL:  # no regular file
            raise Unreadable(str(fault.strerror)) from fault
        raise TemporarilyUnreadable(f"cannot be opened: {fault.strerror}") from fault
    with os.fdopen(fd, "rb") as stream:
        before = os.fstat(fd)
        content = _read_whole(stream, before.st_size, limits)
        identity = Identity.of(before)
        if Identity.of(os.fstat(fd)) != identity or len(content) != before.st_size:
            raise TemporarilyUnreadable("changed while it was read")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        most = FRAMES if isinstance(shape, Shape) else 1  # a person is shown one
        frames = decode_frames(content, shape, limits, most)
    except Unreadable as fault:
        fault.sha256 = sha256
        raise
    origin = header.origin(content) if isinstance(shape, Box) and shape.with_origin else None
    return Decoded(frames, sha256, identity, header.taken(content), origin)


def _read_whole(stream: io.BufferedReader, size: int, limits: Limits) -> bytes:
    if size == 0:
        raise Unreadable("the file is empty")
    if size > limits.file_megabytes * 1e6:
        raise TemporarilyUnreadable(f"larger than {limits.file_megabytes:g} MB (limits.file_megabytes)")
    try:
        return stream.read(size + 1)
    except OSError as fault:
        raise TemporarilyUnreadable(f"cannot be read: {fault.strerror}") from fault


def decode(content: bytes, shape: Shape | Box, limits: Limits) -> Pixels:
    """Decode a file's bytes to uint8 [height, width, channels]: plain resize, no crop, upright, alpha over white.

    Large JPEGs are decoded at a reduced scale of at least twice the wanted size. Of an animation or a film it is the
    middle frame, of a RAW file the camera's preview. Raises Unreadable.
    """
    (pixels,) = decode_frames(content, shape, limits, most=1)
    return pixels


def decode_frames(
    content: bytes, shape: Shape | Box, limits: Limits, most: int = FRAMES
) -> tuple[Pixels, ...]:
    """Decode as `decode` does: one frame of a picture, at most `most` of an animation or a film, in order of time."""
    known = format_of_head(content[:SNIFF_BYTES])
    if known is not None and not known.is_readable:
        raise TemporarilyUnreadable(known.left_alone(1))
    try:
        return _decoded(content, known, shape, limits, most)
    except DECODE_FAULTS as fault:
        bare = without_metadata(content)
        if bare is not None and bare != content:  # perhaps it is no pixel that is damaged
            with suppress(*DECODE_FAULTS):
                return _decoded(bare, known, shape, limits, most)
        kind = TemporarilyUnreadable if isinstance(fault, MemoryError) else Unreadable
        raise kind(_why(fault)) from fault


def _decoded(
    content: bytes, known: Format | None, shape: Shape | Box, limits: Limits, most: int
) -> tuple[Pixels, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(_resized(image, shape) for image in _images(content, known, shape, limits, most))


def _images(
    content: bytes, known: Format | None, shape: Shape | Box, limits: Limits, most: int
) -> Iterator[Image.Image]:
    """Yield the picture of a file, or several frames, upright."""
    most_pixels = FRAMES * limits.megapixels * 1e6
    if known is FILM:
        yield from film.frames(content, most, most_pixels, partial(_refuse_large, limits))
        return
    orientation = None
    if known in (RAW, TIFF) and raw.is_raw(content, known):
        preview = raw.preview(content)
        if preview is None:
            raise NotJudged(f"a RAW picture without a preview of at least {raw.LEAST_SIDE} pixels")
        orientation = raw.orientation(content)
        content = preview
    with open_image(content) as image:
        _refuse_large(limits, *image.size)
        image.draft("RGB" if shape.mode == "RGB" else "L", (2 * shape.width, 2 * shape.height))
        image.load()
        _refuse_half_written(image, content)
        turn = _TURNS.get(header.orientation(image, orientation))
        for number in frames_to_judge(image, content, most, most_pixels):
            if number:
                image.seek(number)
            yield image if turn is None else image.transpose(turn)


def _resized(image: Image.Image, shape: Shape | Box) -> Pixels:
    flat = _to_mode(image, shape.mode)
    small = flat.resize(shape.size_for(*flat.size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small, dtype=np.uint8).reshape(small.height, small.width, -1)


def _refuse_large(limits: Limits, width: int, height: int) -> None:
    megapixels = width * height / 1e6
    if megapixels > limits.megapixels:
        raise TemporarilyUnreadable(
            f"{megapixels:.0f} megapixels, more than {limits.megapixels:g} (limits.megapixels)"
        )


def _refuse_half_written(image: Image.Image, content: bytes) -> None:
    """Raise Unreadable for a PNG without its end, which Pillow accepts: it may still be under way."""
    if image.format == "PNG" and content.rfind(_PNG_END) < 0:
        raise Unreadable("damaged or incomplete: the end of the file is missing")


def _to_mode(image: Image.Image, mode: ColourMode) -> Image.Image:
    """Convert any Pillow mode to RGB or L; transparent pixels become white, 16-bit and float values 8-bit."""
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
