"""The exported graph fuses exactly as numpy does: one vector for both."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.calibration.fusion import Fusion
from imgwatch.calibration.perceptual_file import refitted

pytestmark = pytest.mark.train


def test_the_fusion_in_the_graph_is_that_of_numpy() -> None:
    import tensorflow as tf

    from imgwatch_train.perceptual.graph import _fused

    rng = np.random.default_rng(0)
    fusion = Fusion.fit(rng.normal(size=(300, 8)).astype(np.float32), stranger=1.5)
    measures = (3 * rng.normal(size=(64, 8))).astype(np.float32)
    _, *curves = refitted(np.zeros((1, 4), np.float32), None, fusion).values()
    score, surprisals = _fused(tf.constant(measures), tuple(curves))
    np.testing.assert_allclose(score.numpy(), fusion.score(measures), rtol=1e-5)
    np.testing.assert_allclose(surprisals.numpy(), fusion.surprisals(measures), rtol=1e-5, atol=1e-6)
