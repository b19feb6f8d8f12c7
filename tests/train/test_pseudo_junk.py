"""Pseudo-junk: drawn the same from the same seed, and as its kind says."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch_train.perceptual.examples import plan_drawings
from imgwatch_train.perceptual.pseudo_junk import KINDS, render


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.kron(rng.integers(0, 256, (56, 56, 3)), np.ones((4, 4, 1))).astype(np.uint8)


@pytest.mark.parametrize("kind", [*KINDS, "harmless"])
def test_every_kind_keeps_the_shape_and_repeats_with_its_seed(kind: str, photo: np.ndarray) -> None:
    first, again, other = (render(photo, kind, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == photo.shape
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any()


def test_blur_takes_away_what_is_fine(photo: np.ndarray) -> None:
    def fineness(pixels: np.ndarray) -> float:
        return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())

    blurred = [fineness(render(photo, "blur", np.random.default_rng(seed))) for seed in range(12)]
    assert max(blurred) < fineness(photo)


def test_each_picture_is_drawn_upon_equally_often() -> None:
    drawings = plan_drawings(50, 240, seed=0)
    junk = [drawing for drawing in drawings if drawing.kind != "harmless"]
    assert len(junk) == 240
    assert len(drawings) == 320
    counts = np.bincount([drawing.source for drawing in drawings], minlength=50)
    assert counts.max() - counts.min() <= 1
    assert len({drawing.seed for drawing in drawings}) == len(drawings)
