"""Split pictures in halves by likeness, repeatedly, so that many can be decided on in few steps.

It knows only names and vectors; `grouping` finds near-identical pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.nearest import Projection, unit

Vectors = NDArray[np.float32]
Rows = NDArray[np.intp]

_DEEPEST = 24
_FEWEST = 4  # pictures that are not divided any more: they are looked at one by one
_ROUNDS = 12  # of 2-means: later ones move next to nothing


class LikenessTree:
    """Assigns each picture a path of 0 and 1: the longer the common prefix of two paths, the more alike they are.

    The tree is rebuilt whenever the pictures have doubled, and by `settle` if a tenth of them is new; in between,
    a new picture descends the present tree.
    """

    def __init__(self) -> None:
        self._projection = Projection()
        self._points: dict[str, Vectors] = {}
        self._paths: dict[str, str] = {}
        self._centres: dict[str, Vectors] = {}  # path -> the centres [2, D] of its halves
        self._built = 0

    def path(self, name: str) -> str | None:
        """Return the path of a picture; None if it is unknown."""
        return self._paths.get(name)

    def add(self, name: str, vector: NDArray[np.floating[Any]]) -> list[str]:
        """Add a picture, `vector` [D]; return the names of the pictures whose paths are new."""
        # The direction says what a picture shows.
        point = self._points[name] = unit(self._projection(vector)[None])[0]
        if len(self._points) >= 2 * self._built:
            return self._build()
        self._paths[name] = self._descend(point)
        return [name]

    def settle(self) -> list[str]:
        """Rebuild the tree if it has grown by a tenth; return the names of the pictures whose paths are new."""
        return self._build() if len(self._points) > 1.1 * self._built else []

    def _build(self) -> list[str]:
        names, before = list(self._points), self._paths
        points = np.stack(list(self._points.values()))
        self._centres, self._built = {}, len(names)
        self._paths = {names[row]: path for path, rows in self._leaves(points) for row in rows}
        return [name for name in names if self._paths[name] != before.get(name)]

    def _leaves(self, points: Vectors) -> Iterator[tuple[str, Rows]]:
        pending = [("", np.arange(len(points)))]
        while pending:
            path, rows = pending.pop()
            if len(rows) <= _FEWEST or len(path) == _DEEPEST:
                yield path, rows
                continue
            centres = _two_means(points[rows])
            is_second = _nearer_second(points[rows], centres)
            if is_second.all() or not is_second.any():  # all the same
                yield path, rows
                continue
            self._centres[path] = centres
            pending += [(f"{path}0", rows[~is_second]), (f"{path}1", rows[is_second])]

    def _descend(self, point: Vectors) -> str:
        path = ""
        while (centres := self._centres.get(path)) is not None:
            path += str(int(_nearer_second(point[None], centres)[0]))
        return path


def _two_means(points: Vectors) -> Vectors:
    """Return two centres [2, D] by 2-means, started at both ends of the direction of largest variance."""
    middle = points.mean(axis=0)
    offsets = points - middle
    axis = offsets[np.argmax((offsets**2).sum(axis=1))]
    for _ in range(_ROUNDS):  # the power method
        axis = offsets.T @ (offsets @ axis)
        axis /= max(float(np.linalg.norm(axis)), 1e-12)
    is_second, centres = offsets @ axis > 0, np.stack([middle, middle])
    for _ in range(_ROUNDS):
        if is_second.all() or not is_second.any():
            break
        centres = np.stack([points[~is_second].mean(axis=0), points[is_second].mean(axis=0)])
        is_second = _nearer_second(points, centres)
    return np.asarray(centres, dtype=np.float32)


def _nearer_second(points: Vectors, centres: Vectors) -> NDArray[np.bool_]:
    first, second = (((points - centre) ** 2).sum(axis=1) for centre in centres)
    return np.asarray(second < first)
