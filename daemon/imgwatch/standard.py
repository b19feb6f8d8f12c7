"""Compare a score with the threshold, and find out why. Pure: no file, no model session, no clock."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imgwatch.judgement import Figure, Judgement, Reason, ReasonCode, Verdict
from imgwatch.model.contract import Contract, Part

_CODES: Mapping[str, ReasonCode] = {  # by the names of the parts that models of this program have
    "redrawing": ReasonCode.UNLIKE_OVERALL,
    "error": ReasonCode.UNLIKE_OVERALL,
    "neighbours": ReasonCode.UNLIKE_ANY,
    "caption": ReasonCode.CAPTION,
    "document": ReasonCode.DOCUMENT,
    "interface": ReasonCode.SCREENSHOT,
    "greeting": ReasonCode.CARD,
    "blur": ReasonCode.BLURRED,
    "tone": ReasonCode.DARK,
    "screenshot": ReasonCode.SCREENSHOT,
    "card": ReasonCode.CARD,
    "advertisement": ReasonCode.ADVERTISEMENT,
    "blurred": ReasonCode.BLURRED,
    "dark": ReasonCode.DARK,
}
_TELLING = frozenset({"pseudo_junk", "kind"})  # parts that say more than "unlike your pictures"


@dataclass(frozen=True)
class Standard:
    """What pictures are judged by: a model's contract, the name it goes by, and the threshold in force."""

    contract: Contract
    model: str
    threshold: float

    @property
    def false_alarms(self) -> float | None:
        """The share of normal pictures that lie above the threshold; None of a general model, which has seen none.

        The least that is said of n pictures is 1 / (n + 1): that none of them lies above does not mean none ever will.
        """
        if self.contract.generic:
            return None
        calibration = self.contract.calibration
        return max(1.0 - calibration.share_below(self.threshold), 1.0 / (calibration.pictures + 1))

    def judge(self, score: float, parts: Sequence[float], sha256: str) -> Judgement:
        """Judge one picture. A score that is not a number is never quarantined: in doubt, leave it."""
        is_junk = score > self.threshold
        reason = self.strongest(parts) if is_junk else self._normal(score)
        return Judgement(
            verdict=Verdict.QUARANTINE if is_junk else Verdict.KEEP,
            reason=reason,
            model=self.model,
            score=score,
            threshold=self.threshold,
            sha256=sha256,
            parts={part.name: value for part, value in zip(self.contract.parts, parts, strict=True)},
            kind=reason.kind if is_junk else None,
        )

    def strongest(self, parts: Sequence[float]) -> Reason:
        """Return the part that stands out most among the normal pictures; of two equal ones, the more telling kind.

        A picture that is likelier some kind of junk than normal is called by the likeliest kind: log odds compare with
        one another, places among the normal pictures do not.
        """
        calibration, known = self.contract.calibration, self.contract.parts

        def standing_out(number: int) -> tuple[float, bool]:
            return surprisal(calibration.parts[number], parts[number]), known[number].kind in _TELLING

        kinds = [number for number, part in enumerate(known) if part.kind == "kind"]
        likeliest = max(kinds, key=lambda number: parts[number], default=None)
        number = max(range(len(parts)), key=standing_out)
        if likeliest is not None and (parts[likeliest] > 0 or number in kinds):
            number = likeliest
        share = calibration.part_share_below(number, parts[number])
        return part_reason(known[number], share, calibration.pictures)

    def _normal(self, score: float) -> Reason:
        calibration = self.contract.calibration
        figures = {"share": calibration.share_below(score), "pictures": calibration.pictures}
        return Reason(ReasonCode.NORMAL, figures)


def part_reason(part: Part, share: float, pictures: int) -> Reason:
    """Return the reason that a part gives which is stranger than that share of so many normal pictures."""
    figures: dict[str, Figure] = {"share": share, "pictures": pictures}
    code = _CODES.get(part.name)
    if code is None:
        return Reason(ReasonCode.OTHER_PART, {"says": part.says, **figures})
    return Reason(code, figures)


def surprisal(ascending: Sequence[float], value: float) -> float:
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
