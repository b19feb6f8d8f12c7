"""Thresholds that hold a target false-alarm rate with a given confidence, as order statistics. Pure."""

from __future__ import annotations

import math


def fewest_scores(share: float, confidence: float) -> int:
    """Return the least number of scores of which the largest is such a threshold (Wilks 1941).

    The largest of n is one if 1 - (1 - share)^n >= confidence.
    """
    return math.ceil(round(math.log1p(-confidence) / math.log1p(-share), 9))


def rank_of_threshold(count: int, share: float, confidence: float) -> int:
    """Return the rank, from 1, of the lowest of `count` ascending scores that at most `share` of new ones exceed,
    with this confidence over draws of the scores; `count` if none is.

    The share of new scores above the k-th of n is Beta(n - k + 1, k) distributed, whatever the scores' distribution
    (Wilks 1941; David and Nagaraja 2003, section 7.2), and that is at most `share` with the chance of at least
    n - k + 1 hits in n trials.
    """
    log_share, log_rest = math.log(share), math.log1p(-share)
    fewer, above = 0.0, 0  # the chance of at most `above` hits
    while above < count:
        choose = math.lgamma(count + 1) - math.lgamma(above + 1) - math.lgamma(count - above + 1)
        fewer += math.exp(choose + above * log_share + (count - above) * log_rest)
        if 1.0 - fewer < confidence:
            break
        above += 1
    return min(count, count - above + 1)
