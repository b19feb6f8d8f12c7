"""Which of two copies is the original, and why. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from imgwatch.duplicates.agreement import Grey
from imgwatch.duplicates.alignment import WHOLE, Around, Fit
from imgwatch.picture.decoding import Pixels
from imgwatch.picture.header import Origin

_CELLS = 6
_MORE = 1.05  # times as many pixels, before it counts
_SHARPER = 1.3
_COARSER = 1.1


class Because(StrEnum):
    """Why the kept picture is the original."""

    REFERENCE = "reference"
    EXACT = "exact"
    CAMERA = "camera"
    UNFRAMED = "unframed"
    UNCROPPED = "uncropped"
    PIXELS = "pixels"
    COMPRESSION = "compression"
    SHARPNESS = "sharpness"
    EARLIER = "earlier"
    CHOSEN = "chosen"


class Traits(NamedTuple):
    """What pictures are ranked by: see `Origin`; `sharpness` is the median contrast of fine detail."""

    width: int
    height: int
    has_camera: bool
    coarseness: float
    sharpness: float

    @classmethod
    def of(cls, pixels: Pixels, origin: Origin | None) -> Traits:
        """Return the traits of a decoded picture; without a header its size is the decoded size."""
        height, width = pixels.shape[:2]
        origin = origin or Origin(width, height, False, 0.0)
        sharpness = sharpness_of(pixels.mean(axis=2).astype(np.uint8))
        return cls(origin.width, origin.height, origin.has_camera, origin.coarseness, sharpness)

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.width * self.height


def sharpness_of(grey: Grey) -> float:
    """Return the median, over a grid, of the standard deviation of second differences: a few words do not count."""
    plane = grey.astype(np.float32)
    if min(plane.shape) < 4 * _CELLS:
        return 0.0
    second = 4 * plane[1:-1, 1:-1] - plane[:-2, 1:-1] - plane[2:, 1:-1] - plane[1:-1, :-2] - plane[1:-1, 2:]
    height, width = (side // _CELLS * _CELLS for side in second.shape)
    cells = second[:height, :width].reshape(_CELLS, height // _CELLS, _CELLS, width // _CELLS)
    return float(np.median(cells.std(axis=(1, 3))))


def original(first: Traits, second: Traits, fit: Fit) -> tuple[bool, Because] | None:
    """Return whether the first one is the original, and why; None if nothing distinguishes them.

    The order: camera before none, bare before framed, whole before cropped, more pixels, less compression, sharper.
    If a frame may also be background that was cut off, the picture with less of it is the original if it shows
    the same in more pixels, or in as many with less compression; otherwise the larger one is.
    """
    if first.has_camera != second.has_camera:
        return first.has_camera, Because.CAMERA
    if fit.share >= WHOLE:
        return _by_quality(first, second, 1.0)
    is_framed = fit.around is Around.FRAME
    if fit.around is Around.EITHER:
        small, large = (first, second) if fit.is_first_smaller else (second, first)
        better = _by_quality(small, large, fit.share)
        is_framed = better is not None and better[0]
    if is_framed:
        return fit.is_first_smaller, Because.UNFRAMED
    return not fit.is_first_smaller, Because.UNCROPPED


def _by_quality(first: Traits, second: Traits, share: float) -> tuple[bool, Because] | None:
    """Return the better one, and why, by the `share` of the second one's pixels that shows the same; None for a tie."""
    for because, mine, others, least in (
        (Because.PIXELS, first.pixels, second.pixels * share, _MORE),
        (Because.COMPRESSION, second.coarseness + 0.1, first.coarseness + 0.1, _COARSER),
        (Because.SHARPNESS, first.sharpness, second.sharpness, _SHARPER),
    ):
        if max(mine, others) >= least * min(mine, others):
            return mine > others, because
    return None
