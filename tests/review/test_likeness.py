"""The tree of likeness: what is alike begins alike, whatever came first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imgwatch.review.likeness import LikenessTree


def _crowds(crowds: int, each: int) -> list[tuple[str, NDArray[np.float64]]]:
    rng = np.random.default_rng(1)
    middles = rng.normal(size=(crowds, 300))
    return [(f"{n}-{k}", middles[n] + 0.2 * rng.normal(size=300)) for k in range(each) for n in range(crowds)]


def _beginnings(tree: LikenessTree, crowds: int, each: int) -> list[str]:
    """Return what the paths of each crowd have in common."""
    beginnings = []
    for n in range(crowds):
        paths = [tree.path(f"{n}-{k}") or "" for k in range(each)]
        length = next((at for at, steps in enumerate(zip(*paths, strict=False)) if len(set(steps)) > 1), 99)
        beginnings.append(paths[0][:length])
    return beginnings


def test_each_crowd_has_a_branch_of_its_own() -> None:
    tree = LikenessTree()
    for name, vector in _crowds(4, 20):
        tree.add(name, vector)
    tree.settle()
    beginnings = _beginnings(tree, 4, 20)
    assert all(beginnings)
    pairs = [(a, b) for a in beginnings for b in beginnings if a is not b]
    assert not any(a.startswith(b) for a, b in pairs)


def test_a_later_picture_goes_where_its_like_are() -> None:
    tree, pictures = LikenessTree(), _crowds(3, 20)
    for name, vector in pictures:
        tree.add(name, vector)
    tree.settle()
    assert tree.add("late", pictures[1][1] * 1.5) == ["late"]
    assert tree.path("late") == tree.path(pictures[1][0])
    assert tree.settle() == []


def test_pictures_that_are_all_the_same_are_not_divided() -> None:
    tree = LikenessTree()
    for number in range(40):
        tree.add(str(number), np.ones(200))
    tree.settle()
    assert {tree.path(str(number)) for number in range(40)} == {""}
    assert tree.path("unknown") is None
