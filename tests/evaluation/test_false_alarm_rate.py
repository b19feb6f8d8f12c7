"""Thresholds by each rule, and the false alarms that they raise."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.evaluation.false_alarm_rate import measure_false_alarms
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.model.contract import Calibration, Threshold
from imgwatch.settings import ThresholdRule

SCORES = np.arange(1, 201, dtype=np.float32)
CALIBRATION = Calibration.of(SCORES, SCORES[:, None])


def test_false_alarms_is_the_conformal_quantile() -> None:
    threshold = Threshold.of(ThresholdRule(false_alarms=0.05), CALIBRATION)
    assert (threshold.rule, threshold.score) == ("false_alarms", pytest.approx(190.95))  # 0.95 * 201


def test_mean_plus_std_is_computed_from_the_held_out_scores() -> None:
    threshold = Threshold.of(ThresholdRule(mean_plus_std=0.5), CALIBRATION)
    assert threshold.score == pytest.approx(SCORES.mean() + 0.5 * SCORES.std())


def test_score_is_taken_as_it_is() -> None:
    assert Threshold.of(ThresholdRule(score=3.2), CALIBRATION).score == 3.2


def test_the_rate_counts_and_gives_the_exact_interval() -> None:
    rate = measure_false_alarms(SCORES, Threshold.of(ThresholdRule(false_alarms=0.05), CALIBRATION))
    assert (rate.flagged, rate.held_out, rate.target) == (10, 200, 0.05)
    assert (rate.low, rate.high) == clopper_pearson(10, 200)
    assert rate.warnings == ()
    assert "10 of 200" in rate.summary


def test_mean_plus_std_warns_how_many_it_would_move() -> None:
    rate = measure_false_alarms(SCORES, Threshold.of(ThresholdRule(mean_plus_std=0.5), CALIBRATION))
    (warning,) = rate.warnings
    assert f"{rate.flagged} of 200" in warning
    assert rate.flagged > 50


def test_too_few_pictures_for_a_target_are_reported_with_the_rate_that_they_allow() -> None:
    few = SCORES[:49]
    threshold = Threshold.of(ThresholdRule(false_alarms=0.01), Calibration.of(few, few[:, None]))
    rate = measure_false_alarms(few, threshold)
    (warning,) = rate.warnings
    assert threshold.score == 49.0
    assert not rate.is_attainable
    assert "stands for 2.0 %" in warning
    assert "that takes 99" in warning


def test_the_conformal_threshold_holds_its_target_on_average() -> None:
    rng, realised = np.random.default_rng(0), []
    for _ in range(300):
        held_out = rng.normal(size=120).astype(np.float32)
        threshold = Threshold.of(
            ThresholdRule(false_alarms=0.05), Calibration.of(held_out, held_out[:, None])
        )
        realised.append(np.mean(rng.normal(size=1000) > threshold.score))
    assert np.mean(realised) <= 0.05 + 0.005
