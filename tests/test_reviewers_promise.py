"""What is said of the pictures in quarantine: how many of them are the user's own, and how surely."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imgwatch.reviewers_promise import ReviewersPromise, beta_below


def test_the_beta_distribution_is_that_of_order_statistics() -> None:
    for n, k, x in ((5, 2, 0.3), (40, 39, 0.95), (300, 3, 0.004), (1000, 700, 0.7)):
        exact = sum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(k, n + 1))
        assert beta_below(x, k, n + 1 - k) == pytest.approx(exact, abs=1e-10)
    assert beta_below(0.25, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(0.5), abs=1e-10)  # arcsine


def test_before_anything_was_moved_nothing_is_said() -> None:
    assert ReviewersPromise.of(0.01, 1000, 0, 0, 0) is None


def test_without_decisions_the_threshold_speaks() -> None:
    promise = ReviewersPromise.of(0.01, 2000, 100, 0, 0)
    assert promise is not None
    assert promise.share == pytest.approx(0.2)
    assert promise.low < 0.05 < 0.4 < promise.high
    assert promise.summary.startswith("of 100 pictures in quarantine, about 20 are yours")
    assert "decided on none" in promise.summary


def test_where_hardly_anything_was_moved_all_of_it_may_be_the_users() -> None:
    promise = ReviewersPromise.of(0.01, 2000, 5, 0, 0)
    assert promise is not None
    assert promise.share > 0.9


def test_decisions_correct_what_was_expected_both_ways() -> None:
    def share(restored: int, deleted: int) -> float:
        promise = ReviewersPromise.of(0.01, 2000, 100, restored, deleted)
        assert promise is not None
        assert promise.low < promise.share < promise.high
        return promise.share

    assert share(0, 100) < 0.05
    assert share(60, 40) == pytest.approx(62 / 110)
    assert share(100, 0) > 0.9


def test_the_interval_holds_the_true_share_as_often_as_it_says() -> None:
    """Folders whose shares come from the prior, each with forty decisions: 95 % of the intervals hold them."""
    rng, held = np.random.default_rng(0), 0
    for true in rng.beta(2, 8, 2000):
        restored = int(rng.binomial(40, true))
        promise = ReviewersPromise.of(0.01, 2000, 100, restored, 40 - restored)
        assert promise is not None
        held += promise.low <= true <= promise.high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
