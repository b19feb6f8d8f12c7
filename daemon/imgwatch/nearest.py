"""Distances between embeddings, and the nearest one. It knows nothing about pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]

_PROJECTED = 128  # numbers a picture is compared by


def unit(vectors: Vectors) -> NDArray[np.float32]:
    """Return vectors [N, D] scaled to length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)


def relative_distances(some: Vectors, others: Vectors) -> NDArray[np.float32]:
    """Return how far vectors [N, D] and [M, D] are from one another, [N, M], as shares of the longer one's length."""
    squares, other_squares = (some**2).sum(axis=1)[:, None], (others**2).sum(axis=1)[None]
    apart = np.sqrt(np.maximum(squares + other_squares - 2 * some @ others.T, 0.0))
    return np.asarray(
        apart / np.sqrt(np.maximum(np.maximum(squares, other_squares), 1e-18)), dtype=np.float32
    )


def nearest(vector: Vectors, others: Vectors) -> tuple[int, float]:
    """Return the row of the nearest of vectors [M, D], M at least 1, and its relative distance."""
    distances = relative_distances(others, vector[None])[:, 0]
    row = int(distances.argmin())
    return row, float(distances[row])


class Projection:
    """Projects vectors at random to few dimensions; near ones stay near (Johnson and Lindenstrauss 1984)."""

    def __init__(self) -> None:
        self._matrix: NDArray[np.float32] | None = None

    def __call__(self, vector: Vectors) -> NDArray[np.float32]:
        """Return a vector [D] projected to at most 128 dimensions."""
        vector = np.asarray(vector, dtype=np.float32)
        if len(vector) <= _PROJECTED:
            return vector
        if self._matrix is None:
            drawn = np.random.default_rng(0).standard_normal((len(vector), _PROJECTED), dtype=np.float32)
            self._matrix = drawn / np.sqrt(np.float32(_PROJECTED))
        return np.asarray(vector @ self._matrix, dtype=np.float32)
