"""Confidence intervals: exact ones for shares, DeLong's for areas under ROC curves.

It is numpy alone, so that `evaluate` and `calibrate` need no training extra.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
_BISECTIONS = 60


class Interval(NamedTuple):
    """A range that holds the true value with the confidence asked for."""

    low: float
    high: float


def clopper_pearson(hits: int, trials: int, confidence: float = 0.95) -> Interval:
    """Return the exact binomial interval of a share of `hits` in `trials` (Clopper and Pearson 1934).

    For a threshold that is the r-th smallest of n scores, with n - r hits above it, the upper end is also the
    exact quantile of the share of future scores above it, Beta(n - r + 1, r) (Wilks 1941).
    """
    if trials == 0:
        return Interval(0.0, 1.0)
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _solve(lambda share: _at_least(hits, trials, share) - tail)
    high = 1.0 if hits == trials else _solve(lambda share: _at_least(hits + 1, trials, share) - (1.0 - tail))
    return Interval(low, high)


def _at_least(hits: int, trials: int, share: float) -> float:
    """Return the chance of at least `hits` in `trials` when each has the chance `share`, 0 < share < 1."""
    counts = np.arange(hits, trials + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, trials + 1)))))
    choose = factorials[trials] - factorials[counts] - factorials[trials - counts]
    return float(np.exp(choose + counts * math.log(share) + (trials - counts) * math.log1p(-share)).sum())


def _solve(rising: Callable[[float], float]) -> float:
    """Return where a rising function of a share in (0, 1) crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2.0


def auroc(normal: Floats, junk: Floats) -> float:
    """Return the chance that junk scores above normal, ties counting half; NaN if a side is empty."""
    if not len(normal) or not len(junk):
        return math.nan
    ranks = _midranks(np.concatenate((junk, normal)))[: len(junk)]
    return float((ranks.sum() / len(junk) - (len(junk) + 1) / 2.0) / len(normal))


def auroc_interval(normal: Floats, junk: Floats, confidence: float = 0.95) -> Interval:
    """Return DeLong's interval for the AUROC (DeLong et al. 1988; computed as in Sun and Xu 2014).

    If the two sides are perfectly separated, its variance is 0 and says nothing: the far end is then that of
    the exact binomial interval for as many hits out of as many as the smaller side has pictures.
    """
    area, fewest = auroc(normal, junk), min(len(normal), len(junk))
    if fewest < 2:
        return Interval(0.0, 1.0)
    if area in (0.0, 1.0):
        return clopper_pearson(round(area * fewest), fewest, confidence)
    ranks = _midranks(np.concatenate((junk, normal)))
    of_junk = (ranks[: len(junk)] - _midranks(junk)) / len(normal)
    of_normal = 1.0 - (ranks[len(junk) :] - _midranks(normal)) / len(junk)
    variance = np.var(of_junk, ddof=1) / len(junk) + np.var(of_normal, ddof=1) / len(normal)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2.0) * math.sqrt(float(variance))
    return Interval(max(0.0, area - reach), min(1.0, area + reach))


def _midranks(values: Floats) -> Floats:
    """Return ranks [N] from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)
