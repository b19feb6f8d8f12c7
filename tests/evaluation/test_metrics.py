"""The figures of `evaluate` on scores that are known."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.evaluation.metrics import measure, precision_at, roc_points

NORMAL = np.arange(0, 100, dtype=np.float64)
JUNK = np.arange(90, 140, dtype=np.float64)


def test_shares_above_each_threshold() -> None:
    metrics = measure(NORMAL, JUNK, [(0.01, 98.0), (0.05, 94.5)], 50.0, unreadable=3)
    assert [at.false_alarms for at in metrics.at] == [0.01, 0.05]
    assert [at.realised_false_alarms for at in metrics.at] == [0.01, 0.05]
    assert [at.caught for at in metrics.at] == [41 / 50, 45 / 50]
    assert metrics.at_threshold.realised_false_alarms == 0.49
    assert metrics.at_threshold.realised_low < 0.49 < metrics.at_threshold.realised_high
    assert (metrics.normal, metrics.junk, metrics.unreadable) == (100, 50, 3)


def test_precision_counts_junk_among_the_strangest() -> None:
    assert precision_at(NORMAL, JUNK, 40) == 1.0
    assert precision_at(NORMAL, JUNK, 50) == pytest.approx(45 / 50, abs=0.02)
    assert precision_at(NORMAL, JUNK, 1000) == 50 / 150


def test_ties_count_against_precision() -> None:
    assert precision_at(np.ones(100), np.ones(100), 100) == 0.0


def test_roc_begins_at_none_and_ends_at_all() -> None:
    flagged, caught = roc_points(NORMAL, JUNK)
    assert (flagged[0], caught[0], flagged[-1], caught[-1]) == (0, 0, 1, 1)
    area = float(np.trapezoid(caught, flagged))
    assert area == pytest.approx(measure(NORMAL, JUNK, [], 0, 0).auroc)
