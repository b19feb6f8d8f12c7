"""What a picture's header says: its orientation, when it was taken, where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PIL import Image

from imgwatch.picture.pillow import DECODE_FAULTS, open_image
from imgwatch.picture.tiff import ORIENTATION

_EXIF_FOLDER, _TAKEN, _WRITTEN = 0x8769, 0x9003, 0x0132
_MAKE, _CAMERA_MODEL = 0x010F, 0x0110
_EXIF_WITHIN_BYTES = 1 << 16


@dataclass(frozen=True)
class Origin:
    """What a file's header says about the origin of a picture.

    Width and height in pixels; whether it names a camera; how coarsely it was compressed: the mean step of JPEG's
    quantization, 0 where nothing was lost.
    """

    width: int
    height: int
    has_camera: bool
    coarseness: float


def orientation(image: Image.Image, otherwise: int | None) -> int:
    """Return EXIF's number of the orientation; `otherwise`, or 1, if there is none that can be read."""
    try:
        return int(image.getexif().get(ORIENTATION, otherwise or 1))
    except DECODE_FAULTS:
        return otherwise or 1


def taken(content: bytes) -> datetime | None:
    """Return the time in a picture's EXIF; None if there is none that can be read."""
    if not any(content.find(mark, 0, _EXIF_WITHIN_BYTES) >= 0 for mark in (b"Exif", b"eXIf")):
        return None
    try:
        with open_image(content) as image:
            exif = image.getexif()
            text = exif.get_ifd(_EXIF_FOLDER).get(_TAKEN) or exif.get(_WRITTEN)
        return datetime.strptime(str(text).strip(" \0"), "%Y:%m:%d %H:%M:%S")
    except DECODE_FAULTS:
        return None


def origin(content: bytes) -> Origin | None:
    """Return the origin by the header; None if Pillow reads no header."""
    try:
        with open_image(content) as image:
            exif = image.getexif()
            tables = getattr(image, "quantization", None) or {}
            steps = [step for table in tables.values() for step in table]
            coarseness = sum(steps) / len(steps) if steps else 0.0
            return Origin(*image.size, bool(exif.get(_MAKE) or exif.get(_CAMERA_MODEL)), coarseness)
    except DECODE_FAULTS:
        return None
