"""What identifies a picture in a search for copies: a small version of it, and embeddings."""

from __future__ import annotations

import io
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgwatch.duplicates.agreement import View
from imgwatch.duplicates.alignment import SIDE
from imgwatch.duplicates.shown import shown_between_bars
from imgwatch.model.scorer import Scorer
from imgwatch.nearest import unit
from imgwatch.picture.decoding import Pixels

LOOK_SIDE = 384  # pixels of the longer side of the picture that a signature is made of

_SHADE_SIDE = 16
SHADE_WIDTH = _SHADE_SIDE**2

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Signature:
    """N small pictures, the whole and what it shows between bars, and their vectors [N, D + SHADE_WIDTH].

    A row has the embedding, of length 1, and the shade, of length 1: the grey values of 16 x 16 cells less their mean.
    """

    vectors: Vectors
    views: tuple[View, ...]

    @property
    def thumbnails(self) -> bytes:
        """The small pictures as stored: a MessagePack array of JPEG files."""
        return msgspec.msgpack.encode([_jpeg(view) for view in self.views])


def views_of(thumbnails: bytes) -> tuple[View, ...]:
    """Return the small pictures of a stored signature."""
    return tuple(_from_jpeg(jpeg) for jpeg in msgspec.msgpack.decode(thumbnails, type=list[bytes]))


def signature_of(pixels: Pixels, scorer: Scorer) -> Signature:
    """Return the signature of a decoded colour picture [H, W, 3], by the embedding of this model."""
    whole = Image.fromarray(pixels)
    shape = scorer.contract.shape
    small = [_small(each) for each in (whole, *(whole.crop(box) for box in shown_between_bars(pixels)))]
    frames = [
        np.asarray(each.convert(shape.mode).resize((shape.width, shape.height), Image.Resampling.BILINEAR))
        for each in small
    ]
    stacked = np.stack(frames).reshape(len(frames), shape.height, shape.width, -1)
    _, _, vectors = scorer.embed(stacked)
    views = tuple(np.asarray(each.convert("RGB").convert("YCbCr")) for each in small)
    shades = unit(np.stack([_shade(view) for view in views]))
    return Signature(np.concatenate([unit(vectors), shades], axis=1), views)


def _shade(view: View) -> Vectors:
    cells = Image.fromarray(np.ascontiguousarray(view[..., 0])).resize(
        (_SHADE_SIDE, _SHADE_SIDE), Image.Resampling.BOX
    )
    shade: Vectors = np.asarray(cells, np.float32).ravel()
    return np.asarray(shade - shade.mean(), np.float32)


def _small(image: Image.Image) -> Image.Image:
    """Return a picture scaled down to the compared size, as a copy that was scaled down has no finer detail."""
    scale = min(SIDE / max(image.size), 1.0)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def _jpeg(view: View) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(view, "YCbCr").save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _from_jpeg(jpeg: bytes) -> View:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        return np.asarray(image.convert("YCbCr"))
