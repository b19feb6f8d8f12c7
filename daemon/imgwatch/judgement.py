"""Compare a score with the threshold and say why, in words. Pure: no file, no model session, no clock."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from imgwatch.model.contract import Calibration, Contract, Part


class Verdict(StrEnum):
    """What is to become of a picture."""

    KEEP = "keep"
    QUARANTINE = "quarantine"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its grounds. `score`, `threshold` and `sha256` are None where the picture was unreadable."""

    verdict: Verdict
    reason: str
    model: str
    score: float | None = None
    threshold: float | None = None
    sha256: str | None = None
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Standard:
    """What pictures are judged by: a model's contract, the name it goes by, and the threshold in force."""

    contract: Contract
    model: str
    threshold: float

    def judge(self, score: float, parts: Sequence[float], sha256: str) -> Judgement:
        """Judge one picture. A score that is not a number is never quarantined: in doubt, leave it."""
        strange = score > self.threshold
        return Judgement(
            verdict=Verdict.QUARANTINE if strange else Verdict.KEEP,
            reason=_reason(parts, score, self.contract)
            if strange
            else _calm(score, self.contract.calibration),
            model=self.model,
            score=score,
            threshold=self.threshold,
            sha256=sha256,
            parts={part.name: value for part, value in zip(self.contract.parts, parts, strict=True)},
        )


def unreadable(reason: str, model: str, sha256: str | None = None) -> Judgement:
    """Judge a picture that could not be decoded."""
    return Judgement(Verdict.UNREADABLE, reason, model, sha256=sha256)


def _reason(parts: Sequence[float], score: float, contract: Contract) -> str:
    """Word the part that stands out most among the normal pictures; where two are equal, the more telling kind."""
    calibration = contract.calibration

    def standing_out(number: int) -> tuple[float, bool]:
        return surprise(calibration.parts[number], parts[number]), contract.parts[
            number
        ].kind == "pseudo_junk"

    strangest = max(range(len(parts)), key=standing_out)
    return _worded(
        contract.parts[strangest],
        calibration.part_share_below(strangest, parts[strangest]),
        calibration,
        score,
    )


def _worded(part: Part, share: float, calibration: Calibration, score: float) -> str:
    if "{share}" in part.says:
        return part.says.replace("{share}", percent(share, calibration.pictures))
    return (
        f"{part.says}: stranger than {percent(calibration.share_below(score), calibration.pictures)} of them"
    )


def _calm(score: float, calibration: Calibration) -> str:
    return f"stranger than {percent(calibration.share_below(score), calibration.pictures)} of your normal pictures"


def percent(share: float, pictures: int) -> str:
    """Write a share of `pictures` normal pictures in words that claim no more than so many can show."""
    if share >= 1.0:
        return f"all {pictures}" if pictures < 1000 else f"{100 * (1 - 1 / pictures):.2f} %"
    return f"{100 * share:.1f} %"


def surprise(ascending: Sequence[float], value: float) -> float:
    """Return -log of the share of calibration values above `value`, with an exponential tail from the top 10 % on.

    L = -log((n - r + 1) / (n + 1)) below the top-10 % point u; -log(0.1) + (s - u) / (mean excess over u) above it.
    """
    n = len(ascending)
    top = max(1, n // 10)
    u = ascending[n - top]
    if value > u:
        excess = sum(v - u for v in ascending[n - top :]) / top
        return -math.log(top / (n + 1)) + (value - u) / (excess + 1e-9)
    return -math.log((n - bisect_left(ascending, value) + 1) / (n + 1))
