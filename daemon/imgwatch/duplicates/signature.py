"""What a picture is known by when copies of it are looked for: a small grey picture of it, and embeddings."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgwatch.duplicates.alignment import SIDE, Grey
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Pixels

LOOK_SIDE = 384  # pixels of the longer side of the picture that a signature is made of
_LEAST_SHARE = 0.25  # of a side, that what lies between bars must have
_FLAT = 6.0  # standard deviation of grey values in a row or column of a bar
_BUSY_SHARE = 0.5

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Signature:
    """Embeddings [1 or 2, D] of the picture and of what lies between its bars, each of length 1; the grey picture."""

    vectors: Vectors
    grey: Grey

    @property
    def thumbnail(self) -> bytes:
        """The grey picture as JPEG, as it is stored."""
        stream = io.BytesIO()
        Image.fromarray(self.grey).save(stream, "JPEG", quality=90)
        return stream.getvalue()


def signature_of(pixels: Pixels, scorer: Scorer) -> Signature:
    """Return the signature of a decoded colour picture [H, W, 3], by the embedding of this model."""
    whole = Image.fromarray(pixels)
    shape = scorer.contract.shape
    frames = [
        np.asarray(
            _small(each).convert(shape.mode).resize((shape.width, shape.height), Image.Resampling.BILINEAR)
        )
        for each in (whole, *(whole.crop(box) for box in _between_bars(pixels)))
    ]
    stacked = np.stack(frames).reshape(len(frames), shape.height, shape.width, -1)
    _, _, vectors = scorer.embed(stacked)
    return Signature(unit(vectors), grey_of(whole))


def grey_of(image: Image.Image) -> Grey:
    """Return the picture in grey, its longer side as long as what is compared."""
    return np.asarray(_small(image).convert("L"))


def _small(image: Image.Image) -> Image.Image:
    """Make a picture as small as what is compared: a copy that was scaled down has no finer detail than that."""
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Return vectors of length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


def _between_bars(pixels: Pixels) -> list[tuple[int, int, int, int]]:
    """Return the box of what lies between bars of one colour, such as a phone shows around a picture; none without."""
    grey = pixels.mean(axis=2)
    top, bottom = _longest_busy(grey)
    left, right = _longest_busy(grey[top:bottom].T)
    height, width = grey.shape
    is_large = bottom - top >= _LEAST_SHARE * height and right - left >= _LEAST_SHARE * width
    is_part = (bottom - top) * (right - left) < 0.95 * height * width
    return [(left, top, right, bottom)] if is_large and is_part else []


def _longest_busy(grey: NDArray[np.floating]) -> tuple[int, int]:
    """Return where the longest run of lines begins and ends of which more than half differs from the line's median."""
    median = np.median(grey, axis=1, keepdims=True)
    is_busy = (np.abs(grey - median) > _FLAT).mean(axis=1) > _BUSY_SHARE
    ends = np.flatnonzero(np.diff(np.concatenate(([0], is_busy.astype(np.int8), [0]))))
    if not len(ends):
        return 0, len(grey)
    runs = ends.reshape(-1, 2)
    start, end = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return int(start), int(end)
