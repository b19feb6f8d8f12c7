"""Thresholds by each rule, and what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.evaluation.promise import promise_of, threshold_of
from imgwatch.model.contract import Calibration
from imgwatch.settings import ThresholdRule

SCORES = np.arange(1, 201, dtype=np.float32)
CALIBRATION = Calibration.of(SCORES, SCORES[:, None])


def test_false_alarms_is_the_conformal_quantile() -> None:
    threshold = threshold_of(CALIBRATION, ThresholdRule(false_alarms=0.05))
    assert (threshold.rule, threshold.score) == ("false_alarms", pytest.approx(190.95))  # 0.95 * 201


def test_mean_plus_std_is_computed_from_the_held_out_scores() -> None:
    threshold = threshold_of(CALIBRATION, ThresholdRule(mean_plus_std=0.5))
    assert threshold.score == pytest.approx(SCORES.mean() + 0.5 * SCORES.std())


def test_score_is_taken_as_it_is() -> None:
    assert threshold_of(CALIBRATION, ThresholdRule(score=3.2)).score == 3.2


def test_promise_counts_and_gives_the_exact_interval() -> None:
    promise = promise_of(SCORES, threshold_of(CALIBRATION, ThresholdRule(false_alarms=0.05)))
    assert (promise.flagged, promise.held_out, promise.asked) == (10, 200, 0.05)
    assert (promise.low, promise.high) == clopper_pearson(10, 200)
    assert promise.warnings == ()
    assert "10 of 200" in promise.says


def test_mean_plus_std_warns_how_many_it_would_move() -> None:
    promise = promise_of(SCORES, threshold_of(CALIBRATION, ThresholdRule(mean_plus_std=0.5)))
    (warning,) = promise.warnings
    assert f"{promise.flagged} of 200" in warning
    assert promise.flagged > 50


def test_too_few_pictures_for_a_promise_are_told_with_what_can_be_promised() -> None:
    few = SCORES[:49]
    threshold = threshold_of(Calibration.of(few, few[:, None]), ThresholdRule(false_alarms=0.01))
    promise = promise_of(few, threshold)
    (warning,) = promise.warnings
    assert threshold.score == 49.0
    assert not promise.can_be_kept
    assert "promises 0.02" in warning
    assert "99 held-out" in warning


def test_conformal_threshold_keeps_its_promise_on_average() -> None:
    rng, realised = np.random.default_rng(0), []
    for _ in range(300):
        held_out = rng.normal(size=120).astype(np.float32)
        threshold = threshold_of(
            Calibration.of(held_out, held_out[:, None]), ThresholdRule(false_alarms=0.05)
        )
        realised.append(np.mean(rng.normal(size=1000) > threshold.score))
    assert np.mean(realised) <= 0.05 + 0.005
