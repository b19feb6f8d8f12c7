"""Has the folder changed? The latest kept pictures, by rank among the held-out normal ones of the model file. Pure.

A one-sided Kolmogorov-Smirnov test on disjoint blocks: are kept pictures stranger than normal ones were? Only what is
below the threshold counts, on both sides, so quarantined junk says nothing; only a few pictures an hour count, so a
burst says little, and there are so few looks in a year that the false alarms can be bounded: docs/drift.md. Where it
is kept, and who is told, is not known here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import asdict, replace

BLOCK = 200  # pictures compared at a time
AN_HOUR = 5  # of which no more than this arrived in one hour
FEWEST = 50  # normal pictures below the threshold, to be compared with
NOT_CALIBRATED = "not known: the general model was not calibrated on your pictures; run `imgwatch calibrate`"
_HOURS_A_YEAR = 8766
LOOKS_A_YEAR = _HOURS_A_YEAR * AN_HOUR / BLOCK  # at most, however full the folder
ALARM = 1 / LOOKS_A_YEAR  # the chance of a false alarm at one look: at most one a year is expected ...
UNLUCKY = (
    0.05  # ... but for this share of calibrations, whose normal pictures happen to be too little strange
)
CALM = 0.1  # a later block ends an alarm when its chance is above this; between the two nothing changes


class Drift(Struct, frozen=True):
    """What is known: the ranks of the block that is being filled, and what the last full block said."""

    model: str
    ranks: tuple[float, ...] = ()
    among: int = 0  # the fewest normal pictures that one of these ranks was taken among
    hour: int = 0
    in_hour: int = 0
    drifts: bool = False
    chance: float | None = None  # of a block as strange as the last full one, had nothing changed
    median: float | None = None  # its median rank: a half, had nothing changed

    def wants(self, at: float) -> bool:
        """Return whether a picture judged at this time (seconds since 1970) would count."""
        return int(at // 3600) != self.hour or self.in_hour < AN_HOUR

    def noted(self, score: float, threshold: float, normal: Sequence[float], at: float) -> Self:
        """Return the state with a kept picture's score added; `normal` are the scores of held-out normal pictures."""
        if not self.wants(at) or not score <= threshold:
            return self
        known = [value for value in normal if value <= threshold]
        if len(known) < FEWEST:
            return self
        hour = int(at // 3600)
        counted = replace(
            self,
            ranks=(*self.ranks, sum(value < score for value in known) / len(known)),
            among=min(self.among or len(known), len(known)),
            hour=hour,
            in_hour=self.in_hour + 1 if hour == self.hour else 1,
        )
        return counted if len(counted.ranks) < BLOCK else counted._judged()

    def _judged(self) -> Self:
        chance = chance_of(self.ranks, self.among)
        drifts = chance <= ALARM or (self.drifts and chance <= CALM)
        from statistics import median  # not above: `status` only reads what is known

        return replace(self, ranks=(), among=0, drifts=drifts, chance=chance, median=median(self.ranks))

    @property
    def is_known(self) -> bool:
        """Return whether a block has been full."""
        return self.median is not None

    @property
    def summary(self) -> str:
        """Return the state of the test in words."""
        if self.median is None:
            return f"{len(self.ranks)} of the first {BLOCK} kept pictures compared so far"
        strange = (
            f"half of the last {BLOCK} kept pictures score above {100 * self.median:.0f} % of the normal ones"
        )
        if self.drifts:
            return f"your folder has changed: {strange}; run `imgwatch calibrate` or `imgwatch train`"
        return f"as expected: {strange}"

    def to_json(self) -> str:
        """Return the state as text."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return the state that `to_json` wrote; None if the text is none."""
        try:
            values: dict[str, Any] = json.loads(text or "")
            return cls(**values | {"ranks": tuple(map(float, values["ranks"]))})
        except (ValueError, TypeError, KeyError):
            return None

    @classmethod
    def of(cls, model: str, text: str | None) -> Self:
        """Return the state that `to_json` wrote; a new one for another model."""
        remembered = cls.read(text)
        return cls(model) if remembered is None or remembered.model != model else remembered


def chance_of(ranks: Sequence[float], among: int) -> float:
    """Return a bound on the chance of ranks [N] as high as these among `among` pictures of the same kind.

    D, the most that the ranks' distribution lies below the uniform one, less what a calibration of so many pictures
    is off by at most, but for UNLUCKY of them: both by the one-sided inequality of Dvoretzky, Kiefer and Wolfowitz
    with Massart's constant (1990), P(D > e) <= exp(-2 n e^2). The same calibration is looked at again and again, so
    a two-sample test, which averages over calibrations, would let the unlucky ones cry all year.
    """
    count = len(ranks)
    apart = max(rank - below / count for below, rank in enumerate(sorted(ranks)))
    certain = max(0.0, apart - math.sqrt(math.log(1 / UNLUCKY) / (2 * among)))
    return math.exp(-2 * count * certain**2)
