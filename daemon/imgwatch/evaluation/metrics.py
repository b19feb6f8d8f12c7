"""Metrics from scores of normal pictures and of junk: AUROC, precision, shares, each with its interval.

Pure arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.evaluation.intervals import auroc, auroc_interval, clopper_pearson

Floats = NDArray[np.floating[Any]]
TARGET_RATES = (0.005, 0.01, 0.05)
TOP = 100


@dataclass(frozen=True)
class AtThreshold:
    """Shares above one threshold, each with its exact 95 % interval; `false_alarms` is the target rate, if any."""

    false_alarms: float | None
    threshold: float
    realised_false_alarms: float
    realised_low: float
    realised_high: float
    caught: float
    caught_low: float
    caught_high: float


@dataclass(frozen=True)
class Metrics:
    """The metrics of a model on normal pictures against junk; intervals hold 95 %."""

    auroc: float
    auroc_low: float
    auroc_high: float
    precision_at_100: float
    at: tuple[AtThreshold, ...]
    at_threshold: AtThreshold
    normal: int
    junk: int
    unreadable: int

    def facts(self) -> dict[str, Any]:
        """Return the metrics as JSON fields."""
        return asdict(self)


def measure(
    normal: Floats, junk: Floats, targets: Sequence[tuple[float, float]], threshold: float, unreadable: int
) -> Metrics:
    """Return the metrics of scores [N] of normal pictures and [M] of junk; `targets` are pairs (rate, threshold)."""
    low, high = auroc_interval(normal, junk)
    return Metrics(
        auroc=auroc(normal, junk),
        auroc_low=low,
        auroc_high=high,
        precision_at_100=precision_at(normal, junk, TOP),
        at=tuple(_at(normal, junk, score, share) for share, score in targets),
        at_threshold=_at(normal, junk, threshold, None),
        normal=len(normal),
        junk=len(junk),
        unreadable=unreadable,
    )


def precision_at(normal: Floats, junk: Floats, top: int) -> float:
    """Return the share of junk among the `top` strangest pictures (of all, if fewer); ties count against it."""
    scores = np.concatenate((normal, junk))
    is_junk = np.arange(len(scores)) >= len(normal)
    strangest = np.lexsort((is_junk, -scores))[:top]
    return float(np.mean(is_junk[strangest]))


def roc_points(normal: Floats, junk: Floats) -> tuple[Floats, Floats]:
    """Return the shares of normal pictures and of junk above each score, from none to all."""
    thresholds = np.unique(np.concatenate((normal, junk)))[::-1]
    flagged = 1.0 - np.searchsorted(np.sort(normal), thresholds, side="left") / len(normal)
    caught = 1.0 - np.searchsorted(np.sort(junk), thresholds, side="left") / len(junk)
    return np.concatenate(([0.0], flagged)), np.concatenate(([0.0], caught))


def _at(normal: Floats, junk: Floats, threshold: float, target: float | None) -> AtThreshold:
    alarms, hits = (int(np.count_nonzero(scores > threshold)) for scores in (normal, junk))
    alarm_range, hit_range = clopper_pearson(alarms, len(normal)), clopper_pearson(hits, len(junk))
    return AtThreshold(target, threshold, alarms / len(normal), *alarm_range, hits / len(junk), *hit_range)
