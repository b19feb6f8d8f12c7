"""Distances between pictures as an image encoder sees them: near-duplicates, nearest neighbours, a bank of them.

Directions are float32 [N, D] of length 1; a distance is 1 - cosine. Rows are processed in blocks, so that memory
does not grow with the square of the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Directions = NDArray[np.float32]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

NEAREST = 5
BANK = 1000  # pictures
DUPLICATE = 0.02  # distance below which two pictures are shots or copies of the same...
_DUPLICATE_SHARE = 0.2  # ... and at most this share of the usual distance to the 5th neighbour
_LARGEST_GROUP = 0.1  # of the folder: what is more alike than that is how the folder looks
_BLOCK = 512
_THIN = 0.45  # of the median distance to the 5 %-th neighbour
_SAMPLE = 2000


def near_duplicates(directions: Directions) -> Integers:
    """Return the group numbers [N] of pictures that are linked by near-duplicates.

    A fixed camera's pictures are all alike without being duplicates: the limit depends on how alike the folder is,
    and a group larger than a tenth of the folder is split into single pictures.
    """
    limit = min(DUPLICATE, _DUPLICATE_SHARE * _usual_distance(directions, NEAREST))
    parent = np.arange(len(directions))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    for start, distances in _blocks(directions, directions):
        for near, other in np.argwhere(distances < limit):
            a, b = root(start + int(near)), root(int(other))
            parent[max(a, b)] = min(a, b)
    roots = np.array([root(row) for row in range(len(parent))])
    is_large = np.bincount(roots, minlength=len(roots))[roots] > max(2.0, _LARGEST_GROUP * len(roots))
    roots[is_large] = np.flatnonzero(is_large) + len(roots)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def spread_out(directions: Directions) -> Mask:
    """Return a mask [N] of pictures of which none is close to another: a tight cluster of copies counts once.

    It takes those with the most close neighbours first. Close is 0.45 of the median distance to the 5 %-th neighbour.
    Closeness is one bit per pair: 12 MB for 10,000 pictures.
    """
    radius = _THIN * _usual_distance(directions)
    close = np.concatenate(
        [np.packbits(rows < radius, axis=1) for _, rows in _blocks(directions, directions)]
    )
    counts = np.bitwise_count(close).sum(axis=1, dtype=np.int64)
    is_kept, is_covered = np.zeros(len(counts), bool), np.zeros(len(counts), bool)
    for row in np.argsort(-counts, kind="stable"):
        if not is_covered[row]:
            is_kept[row] = True
            is_covered |= np.unpackbits(close[row], count=len(counts)).view(bool)
    return is_kept


def _usual_distance(directions: Directions, nearest: int = 0) -> float:
    """Return the median distance to the n-th neighbour, for 0 to the 5 %-th, of a sample."""
    sample = directions[:: max(1, len(directions) // _SAMPLE)]
    rank = min(nearest or max(3, int(0.05 * len(sample))), len(sample) - 1)  # rank 0 is the picture itself
    distances = [np.partition(rows, rank, axis=1)[:, rank] for _, rows in _blocks(sample, sample)]
    return float(np.median(np.concatenate(distances)))


def distances_to_bank(
    directions: Directions, bank: Directions, groups: Integers, bank_groups: Integers, nearest: int = NEAREST
) -> Floats:
    """Return the distance [N] to the n-th nearest picture of the bank [M, D] that is not of the same group."""
    rank = min(nearest, len(bank) - 1) - 1
    nearest_distances = []
    for start, distances in _blocks(directions, bank):
        is_own = groups[start : start + len(distances), None] == bank_groups[None]
        distances[is_own] = 2.0
        nearest_distances.append(np.partition(distances, rank, axis=1)[:, rank])
    return np.concatenate(nearest_distances)


def choose_bank(candidates: Integers, seed: int) -> Integers:
    """Return at most BANK of the candidate rows, ascending, by a seeded choice."""
    if len(candidates) <= BANK:
        return candidates
    return np.sort(np.random.default_rng((seed, 1)).permutation(candidates)[:BANK])


def _blocks(rows: Directions, columns: Directions) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for start in range(0, len(rows), _BLOCK):
        yield start, np.float32(1) - rows[start : start + _BLOCK] @ columns.T
