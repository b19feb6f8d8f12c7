"""How many of the pictures in quarantine are the user's own: expected by the threshold, corrected by decisions.

It is arithmetic alone, and reads nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import msgspec

DAYS = 90  # older counts tell of other models and other thresholds
_WEIGHT = 10.0  # the expectation counts as much as so many decisions
_CONFIDENCE = 0.95
_BISECTIONS = 60
_TERMS, _TINY = 500, 1e-300  # of the continued fraction


class ReviewersPromise(msgspec.Struct, frozen=True):
    """The share of pictures in quarantine that are the user's own, with the ends of its 95 % interval, 0 to 1.

    `decided` pictures, of which `restored` were put back, have corrected it.
    """

    share: float
    low: float
    high: float
    restored: int
    decided: int

    @classmethod
    def of(cls, false_alarms: float, judged: int, moved: int, restored: int, deleted: int) -> Self | None:
        """Return the estimated share; None before anything was moved.

        Of `judged` pictures, `false_alarms` of the normal ones lie above the threshold: at most false_alarms * judged
        of the `moved` ones are the user's. That share m is the mean of the prior Beta(10 m, 10 (1 - m)); each picture
        that was restored or deleted is one draw, so that the posterior is Beta(10 m + restored, 10 (1 - m) + deleted)
        (Gelman et al. 2013, section 2.4). Both parameters are kept from 0 by half a picture, as in Jeffreys' prior.
        """
        if moved <= 0:
            return None
        expected = min(1.0, false_alarms * judged / moved)
        own = max(_WEIGHT * expected, 0.5) + restored
        junk = max(_WEIGHT * (1.0 - expected), 0.5) + deleted
        tail = (1.0 - _CONFIDENCE) / 2.0
        low, high = _quantile(tail, own, junk), _quantile(1.0 - tail, own, junk)
        return cls(own / (own + junk), low, high, restored, restored + deleted)

    @classmethod
    def of_counts(cls, false_alarms: float, counts: Mapping[str, int]) -> Self | None:
        """Return the estimated share by a ledger's counts of the last days."""
        judged, moved, restored, deleted = (
            counts.get(name, 0) for name in ("judged", "quarantined", "restored", "deleted")
        )
        return cls.of(false_alarms, judged, moved, restored, deleted)

    @property
    def summary(self) -> str:
        """The share in a sentence."""
        basis = (
            f"by the {self.decided} that you decided on, {self.restored} restored, and by the threshold"
            if self.decided
            else "by the threshold alone: you have decided on none yet"
        )
        return (
            f"of 100 pictures in quarantine, about {100 * self.share:.0f} are yours "
            f"({100 * self.low:.0f} to {100 * self.high:.0f}, 95 % interval; {basis})"
        )


def _quantile(chance: float, a: float, b: float) -> float:
    """Return where the distribution function of Beta(a, b) reaches a chance."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if beta_below(middle, a, b) < chance else (low, middle)
    return (low + high) / 2.0


def beta_below(x: float, a: float, b: float) -> float:
    """Return the chance of Beta(a, b) to be below x, 0 < x < 1 (DLMF 8.17.22, evaluated by Lentz's method)."""
    if x > (a + 1.0) / (a + b + 2.0):  # where the fraction converges slowly
        return 1.0 - beta_below(1.0 - x, b, a)
    if x <= 0.0:
        return 0.0
    factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(factor) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, _TERMS):
        half = term // 2
        if term % 2:
            step = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            step = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1.0 / _not_zero(1.0 + step * d)
        c = _not_zero(1.0 + step / c)
        value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
