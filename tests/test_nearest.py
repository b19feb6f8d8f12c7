"""Distances are shares of the longer vector's length."""

from __future__ import annotations

import numpy as np

from imgwatch.nearest import nearest, relative_distances

ROWS = np.array([[3, 4], [6, 8], [0, 0], [-3, -4]], dtype=np.float32)


def test_distances_are_shares_of_the_longer_length() -> None:
    np.testing.assert_allclose(relative_distances(ROWS, ROWS[:2]), [[0, 0.5], [0.5, 0], [1, 1], [2, 1.5]])


def test_two_vectors_of_length_zero_are_the_same() -> None:
    assert relative_distances(ROWS[2:3], ROWS[2:3])[0, 0] == 0


def test_the_nearest_row_is_found() -> None:
    assert nearest(np.array([6, 7], dtype=np.float32), ROWS)[0] == 1
