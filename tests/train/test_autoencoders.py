"""The autoencoders: they find the structure they should, the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from imgwatch_train.perceptual.examples import Examples, Plan

if TYPE_CHECKING:
    from imgwatch_train.perceptual.autoencoders import Autoencoders

pytestmark = pytest.mark.train
SIZES = (12, 4)


@pytest.fixture(scope="module")
def examples() -> Examples:
    """Normal rows lie in a plane of three dimensions; junk of two kinds is shifted out of it."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(3, 16))
    normal = (rng.normal(size=(160, 3)) @ plane).astype("f4")
    kinds = np.arange(80) % 2
    junk = (rng.normal(size=(80, 3)) @ plane).astype("f4")
    junk[np.arange(80), kinds] += 6
    folds = np.arange(2)[:, None]
    return Examples(normal, junk, kinds, np.arange(160) % 2 != folds, np.arange(80) // 2 % 2 != folds)


def fit(examples: Examples, epochs: int, seed: int = 0) -> Autoencoders:
    from imgwatch_train.perceptual.autoencoders import fit_autoencoders

    plan = Plan(SIZES, seed, hidden=32, latent=3, epochs=epochs)
    return fit_autoencoders(examples, plan, lambda done, total: None)


def test_autoencoders_reconstruct_normal_pictures_better_than_junk(examples: Examples) -> None:
    autoencoders = fit(examples, epochs=Plan.epochs)
    normal, junk = autoencoders.measure(examples.normal), autoencoders.measure(examples.junk)
    for fold in range(2):
        unseen = normal[fold][~examples.sees_normal[fold]]
        assert np.median(junk[fold][~examples.sees_junk[fold]]) > np.median(unseen)


def test_the_same_seed_gives_the_same_autoencoders(examples: Examples) -> None:
    first, second, other = (fit(examples, 2, seed) for seed in (0, 0, 1))
    for one, two, three in zip(first.weights, second.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
        assert (one != three).any()
