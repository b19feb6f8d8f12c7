"""Where a picture shows another one between bars or on a plain ground, as a screenshot does. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imgwatch.picture.decoding import Pixels

Box = tuple[int, int, int, int]  # left, top, right, bottom
Plane = NDArray[np.floating]
Marks = NDArray[np.bool_]

_LEAST_SIDE = 0.15  # of a side, that a picture must have which is shown
_LEAST_AREA = 0.08
_MOST_AREA = 0.95
_NOISE = 10.0  # grey values by which a pixel of the ground may differ, after JPEG
_FLAT = 6.0  # grey values by which a pixel of a bar differs from its line
_BUSY_SHARE = 0.5
_OFF_GROUND_SHARE = 0.04  # of a row, that a picture covers at least; less are letters
_STRAIGHT_SHARE = 0.4  # of the edges of a box, that is marked
_GAP_SHARE = 0.03  # of a side, that lines without marks may take within a picture
_SAME = 0.9  # intersection over union of boxes that are one


def shown_between_bars(pixels: Pixels) -> list[Box]:
    """Return the boxes in which a picture [H, W, 3] seems to show another one, by two methods."""
    grey = pixels.mean(axis=2)
    boxes: list[Box] = []
    for box in (_box(grey, _off_ground(grey), _OFF_GROUND_SHARE), _box(grey, _differs_along, _BUSY_SHARE)):
        if box is not None and all(_overlap(box, other) < _SAME for other in boxes):
            boxes.append(box)
    return boxes


def _off_ground(grey: Plane) -> Callable[[Plane], Marks]:
    """Return a function that marks the pixels of another colour than the picture's rim."""
    ground = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    return lambda plane: np.abs(plane - ground) >= _NOISE


def _differs_along(plane: Plane) -> Marks:
    """Return which pixels differ from the median of their line: bars of any colour have few."""
    return np.asarray(np.abs(plane - np.median(plane, axis=1, keepdims=True)) > _FLAT)


def _box(grey: Plane, mark: Callable[[Plane], Marks], share: float) -> Box | None:
    """Return the box around the longest runs of rows and columns of which at least this share is marked."""
    height, width = grey.shape
    top, bottom = _longest_run(mark(grey).mean(axis=1) > share)
    left, right = _longest_run(mark(grey[top:bottom].T).mean(axis=1) > share)
    if bottom - top < _LEAST_SIDE * height or right - left < _LEAST_SIDE * width:
        return None
    area = (bottom - top) * (right - left) / grey.size
    box = left, top, right, bottom
    return box if _LEAST_AREA <= area < _MOST_AREA and _is_straight(mark(grey), box) else None


def _is_straight(marks: Marks, box: Box) -> bool:
    """Return whether what is shown ends along the edges of a box, as a picture does; an object touches few."""
    left, top, right, bottom = box
    height, width = marks.shape
    edges = [
        marks[top + 2, left:right] if top > 0 else None,
        marks[bottom - 3, left:right] if bottom < height else None,
        marks[top:bottom, left + 2] if left > 0 else None,
        marks[top:bottom, right - 3] if right < width else None,
    ]
    return float(np.concatenate([edge for edge in edges if edge is not None]).mean()) > _STRAIGHT_SHARE


def _longest_run(is_marked: Marks) -> tuple[int, int]:
    """Return where the longest run begins and ends; short gaps do not end it."""
    ends = np.flatnonzero(np.diff(np.concatenate(([0], is_marked.astype(np.int8), [0]))))
    if not len(ends):
        return 0, len(is_marked)
    gaps = ends[2::2] - ends[1:-1:2]
    is_end = np.concatenate(([True], np.repeat(gaps > _GAP_SHARE * len(is_marked), 2), [True]))
    runs = ends[is_end].reshape(-1, 2)
    start, end = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return int(start), int(end)


def _overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    both = max(width, 0) * max(height, 0)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (first, second)]
    return both / (sum(areas) - both)
