"""How far pictures are from one another as a model sees them, and which is nearest. It knows nothing of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]


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
