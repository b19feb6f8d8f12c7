"""Pictures for the browser: decoded by the guarded workers and encoded again, never an original file."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.explain import as_image
from imgwatch.model.scorer import Floats
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Box, Decoded

SMALL, LARGE = Box(360), Box(1400)
_CACHE_BYTES = 128 << 20
_QUALITY = 84


class Thumbnails:
    """Encoded copies, the latest of them cached in memory. Safe to use from several threads."""

    def __init__(self, decoder: Decoder, cache_bytes: int = _CACHE_BYTES) -> None:
        self._decoder = decoder
        self._cache_bytes = cache_bytes
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def of(self, key: str, path: Path, box: Box) -> bytes | str:
        """Return a JPEG of the picture at `path`, cached under `key`, or the reason why there is none."""
        with self._lock:
            if (thumbnail := self._kept.get((key, box.side))) is not None:
                self._kept.move_to_end((key, box.side))
                return thumbnail
        outcome = self._decoder.look_at(path, box)
        if not isinstance(outcome, Decoded):
            return "it is gone" if isinstance(outcome, FileNotFoundError) else str(outcome)
        stream = io.BytesIO()
        as_image(outcome.pixels).save(stream, "JPEG", quality=_QUALITY)
        return self._keep((key, box.side), stream.getvalue())

    def _keep(self, key: tuple[str, int], content: bytes) -> bytes:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = content
                self._size += len(content)
            while self._size > self._cache_bytes:
                self._size -= len(self._kept.popitem(last=False)[1])
        return content


def heat_overlay(error_map: Floats) -> bytes:
    """Return a PNG to lay over the picture: transparent where it is normal, yellow to red where it is strange."""
    strength = error_map - error_map.min()
    strength = strength / max(float(strength.max()), 1e-9)
    shades = np.empty((*strength.shape, 4), dtype=np.uint8)
    shades[..., 0] = 255
    shades[..., 1] = (200 * (1 - strength)).astype(np.uint8)
    shades[..., 2] = 30
    shades[..., 3] = (strength**0.8 * 210).astype(np.uint8)
    stream = io.BytesIO()
    overlay = Image.fromarray(shades)
    overlay.resize((max(256, overlay.width), max(256, overlay.height)), Image.Resampling.BICUBIC).save(
        stream, "PNG"
    )
    return stream.getvalue()
