"""A threshold that keeps its promise with a confidence: drawn folders, and the formula's known values."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.evaluation.false_alarm_rate import measure_false_alarms
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.model.contract import Calibration, Threshold
from imgwatch.model.order_statistic import fewest_scores, rank_of_threshold
from imgwatch.settings import ThresholdRule

FOLDERS = 4000


@pytest.mark.parametrize(
    ("share", "confidence", "fewest"), [(0.01, 0.95, 299), (0.05, 0.95, 59), (0.1, 0.9, 22), (0.5, 0.5, 1)]
)
def test_it_takes_as_many_scores_as_the_tables_say(share: float, confidence: float, fewest: int) -> None:
    assert fewest_scores(share, confidence) == fewest
    assert rank_of_threshold(fewest, share, confidence) == fewest


@pytest.mark.parametrize("count", [10, 100, 299, 300, 1000, 5000])
@pytest.mark.parametrize("share", [0.005, 0.01, 0.05])
def test_the_place_is_the_lowest_that_keeps_the_promise(count: int, share: float) -> None:
    rank = rank_of_threshold(count, share, 0.95)
    if rank == count and count < fewest_scores(share, 0.95):
        return
    ends = [
        clopper_pearson(count - at, count, confidence=0.9).high for at in (rank, rank - 1)
    ]  # one-sided 95 %
    assert ends[0] <= share + 1e-9
    assert ends[1] > share


@pytest.mark.parametrize(
    ("count", "share", "confidence"), [(350, 0.01, 0.95), (1000, 0.01, 0.9), (200, 0.05, 0.95)]
)
def test_so_many_folders_keep_it(count: int, share: float, confidence: float) -> None:
    scores = np.random.default_rng(0).random(
        (FOLDERS, count)
    )  # whatever their distribution: only places count
    threshold = np.sort(scores, axis=1)[:, rank_of_threshold(count, share, confidence) - 1]
    kept = float(np.mean(1.0 - threshold <= share))
    assert kept >= confidence - 3 * np.sqrt(confidence * (1 - confidence) / FOLDERS)


def test_a_model_keeps_the_confidence_and_says_what_is_missing() -> None:
    scores = np.linspace(0, 1, 250, dtype=np.float32)
    calibration = Calibration.of(scores, scores[:, None])
    rule = ThresholdRule(false_alarms=0.01, confidence=0.95)
    threshold = Threshold.of(rule, calibration)
    assert (threshold.confidence, threshold.score) == (0.95, 1.0)
    rate = measure_false_alarms(scores, threshold)
    assert not rate.is_attainable
    assert (
        "1.0 % false alarms cannot be promised with 95 % confidence from 250 held-out pictures: that takes 299"
        in rate.warnings[0]
    )
    assert measure_false_alarms(
        scores, Threshold.of(ThresholdRule(false_alarms=0.01), calibration)
    ).is_attainable
