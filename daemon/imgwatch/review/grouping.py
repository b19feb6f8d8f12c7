"""Group near-identical pictures, one picture at a time, by the distance of their embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.nearest import Projection, nearest

# Measured with the model that ships: copies, re-encoded, scaled or cropped, 0.2 to 0.45; other pictures from 0.75.
NEAR = 0.45  # of the longer vector's length


class Grouping:
    """Groups with a leader each; a picture joins the nearest leader that is near enough, or leads a new group."""

    def __init__(self) -> None:
        self._leaders: list[str] = []
        self._vectors = np.empty((64, 0), dtype=np.float32)
        self._projection = Projection()

    def assign(self, name: str, vector: NDArray[np.floating[Any]]) -> str:
        """Return the leader of the group that this picture, `vector` [D], belongs to: itself if it is the first."""
        point = self._projection(vector)
        count = len(self._leaders)
        if count:
            row, distance = nearest(point, self._vectors[:count])
            if distance <= NEAR:
                return self._leaders[row]
        self._append(name, point)
        return name

    def _append(self, name: str, point: NDArray[np.float32]) -> None:
        count = len(self._leaders)
        if not self._vectors.shape[1]:
            self._vectors = np.empty((64, len(point)), dtype=np.float32)
        if count == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        self._vectors[count] = point
        self._leaders.append(name)
