"""Intervals agree with scipy and scikit-learn where those compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgwatch.evaluation.intervals import auroc, auroc_interval, clopper_pearson

HITS = [(0, 1), (0, 10), (1, 10), (10, 10), (3, 260), (26, 2600), (500, 50_000)]


@pytest.mark.parametrize(("hits", "trials"), HITS)
def test_share_interval_is_the_exact_one(hits: int, trials: int) -> None:
    from scipy.stats import binomtest

    exact = binomtest(hits, trials).proportion_ci(0.95, "exact")
    assert clopper_pearson(hits, trials) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_share_of_nothing_may_be_anything() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_upper_end_is_the_chance_above_an_order_statistic() -> None:
    """1 % of 260 pictures: the threshold is the 259-th smallest score, and one lies above it."""
    from scipy.stats import beta

    assert clopper_pearson(1, 260).high == pytest.approx(beta(2, 259).ppf(0.975), abs=1e-9)


scores = st.lists(st.integers(0, 12), min_size=2, max_size=40)


@settings(deadline=None)  # the first example imports scikit-learn
@given(scores, scores)
def test_auroc_is_that_of_scikit_learn(normal: list[int], junk: list[int]) -> None:
    from sklearn.metrics import roc_auc_score

    labels = [0] * len(normal) + [1] * len(junk)
    area = auroc(np.array(normal, float), np.array(junk, float))
    assert area == pytest.approx(roc_auc_score(labels, normal + junk))


@given(scores, scores)
def test_auroc_lies_in_its_interval(normal: list[int], junk: list[int]) -> None:
    low, high = auroc_interval(np.array(normal, float), np.array(junk, float))
    assert 0 <= low <= auroc(np.array(normal, float), np.array(junk, float)) <= high <= 1


def test_auroc_interval_holds_the_truth_19_times_of_20() -> None:
    from statistics import NormalDist

    rng, truth = np.random.default_rng(1), NormalDist().cdf(1 / 2**0.5)
    inside = 0
    for _ in range(400):
        low, high = auroc_interval(rng.normal(0, 1, 60), rng.normal(1, 1, 40))
        inside += low <= truth <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_perfect_separation_is_not_certainty() -> None:
    low, high = auroc_interval(np.zeros(20), np.ones(30))
    assert high == 1.0
    assert low == pytest.approx(clopper_pearson(20, 20).low)


def test_one_picture_a_side_tells_nothing() -> None:
    assert auroc_interval(np.zeros(1), np.ones(30)) == (0.0, 1.0)
