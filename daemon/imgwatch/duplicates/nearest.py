"""Which pictures to compare with another one: the nearest by embedding, and by shades. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgwatch.duplicates.signature import SHADE_WIDTH, Vectors

_BY_EMBEDDING = 7  # pictures with the nearest embeddings
_BY_SHADE = 3  # and with the nearest shades, which a copy that was scaled down keeps better
_LEAST_EMBEDDING = 0.35  # cosine
_LEAST_SHADE = 0.8


class Nearest:
    """Pictures by number, each with the rows of vectors of its signature. For one thread."""

    def __init__(self) -> None:
        self._numbers: NDArray[np.int64] = np.empty(0, np.int64)  # of the rows of `_vectors`
        self._vectors: Vectors = np.empty((0, 0), np.float32)

    @property
    def last(self) -> int:
        """The number that was added last; 0 without any."""
        return int(self._numbers[-1]) if len(self._numbers) else 0

    def add(self, numbers: list[int], vectors: list[Vectors]) -> None:
        """Add pictures, in ascending order of their numbers."""
        if not numbers:
            return
        rows = [len(each) for each in vectors]
        self._numbers = np.concatenate([self._numbers, np.repeat(numbers, rows)])
        known = self._vectors.reshape(-1, vectors[0].shape[1])
        self._vectors = np.concatenate([known, *vectors], dtype=np.float32)

    def of(self, vectors: Vectors, but: int) -> list[int]:
        """Return the numbers of the pictures to compare with one of these vectors [N, D]; `but` is left out."""
        if not len(self._numbers):
            return []
        width = self._vectors.shape[1] - SHADE_WIDTH
        by_embedding = (self._vectors[:, :width] @ vectors[:, :width].T).max(axis=1)
        by_shade = (self._vectors[:, width:] @ vectors[:, width:].T).max(axis=1)
        near = self._first(by_shade, _LEAST_SHADE, _BY_SHADE, but)
        return list(dict.fromkeys(near + self._first(by_embedding, _LEAST_EMBEDDING, _BY_EMBEDDING, but)))

    def _first(self, nearness: NDArray[np.floating], least: float, most: int, but: int) -> list[int]:
        nearest: list[int] = []
        for row in np.argsort(-nearness)[: 4 * (most + 1)]:
            if nearness[row] < least or len(nearest) == most:
                break
            number = int(self._numbers[row])
            if number != but and number not in nearest:
                nearest.append(number)
        return nearest
