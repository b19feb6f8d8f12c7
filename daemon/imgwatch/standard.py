"""Compare a score with the threshold, and find the reason. Pure: no file, no model session, no clock."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from imgwatch.judgement import Figure, Judgement, Kind, Reason, ReasonCode, Verdict
from imgwatch.kind_promises import KindPromises
from imgwatch.model.contract import Contract, Part
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised

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
    """What pictures are judged by: a model's contract, the name it goes by, the threshold in force, and promises of
    kinds that have their own."""

    contract: Contract
    model: str
    threshold: float
    kinds: KindPromises = field(default_factory=KindPromises)

    @classmethod
    def of(
        cls, contract: Contract, model: str, rule: ThresholdRule | None, promised: Promised, path: Path
    ) -> Self:
        """Return the standard of a model, the file at `path`, under the config. Raises ModelError."""
        kinds = KindPromises.of(contract, rule, promised, path)
        return cls(contract, model, kinds.threshold(contract, rule), kinds)

    @property
    def false_alarms(self) -> float | None:
        """The share of normal pictures that are taken; None of a general model, which has seen none.

        The least that is said of n pictures is 1 / (n + 1): that none of them lies above does not mean none ever will.
        """
        if self.contract.generic:
            return None
        calibration = self.contract.calibration
        if self.kinds.own and self.kinds.others is not None:
            return min(1.0, sum(self.kinds.facts().values()))
        share = 1.0 - calibration.share_below(self.threshold) + sum(own.share for own in self.kinds.own)
        return min(1.0, max(share, 1.0 / (calibration.pictures + 1)))

    def judge(self, score: float, parts: Sequence[float], sha256: str, added: float = 0.0) -> Judgement:
        """Judge one picture, to whose score the user's decisions have `added`.

        A score that is not a number is never quarantined: in doubt, leave it.
        """
        why = self.why_junk(score, parts)
        if why is None and score <= self.threshold < score + added:
            why = self.strongest(parts)
        is_junk = why is not None
        reason = self._normal(score + added, parts) if why is None else why
        return Judgement(
            verdict=Verdict.QUARANTINE if is_junk else Verdict.KEEP,
            reason=reason,
            model=self.model,
            score=score + added,
            threshold=self.threshold,
            sha256=sha256,
            parts={part.name: value for part, value in zip(self.contract.parts, parts, strict=True)},
            kind=reason.kind if is_junk else None,
        )

    def why_junk(self, score: float, parts: Sequence[float]) -> Reason | None:
        """Return why a picture is junk, None if it is not: its score is above the threshold, or a kind's part above
        that kind's own. What is called a kind with a promise of its own is judged by that promise alone.

        Of several broken promises, the likeliest kind's is the reason: log odds are comparable with one
        another.
        """
        if math.isnan(score):
            return None
        strongest = self.strongest(parts) if score > self.threshold else None
        if strongest is not None and self.kinds.of_kind(strongest.kind) is not None:
            strongest = None
        broken = [own for own in self.kinds.own if own.is_broken(parts)]
        if not broken or (strongest is not None and strongest.kind is not Kind.STRANGER):
            return strongest
        own = max(broken, key=lambda own: parts[own.part])
        calibration = self.contract.calibration
        share = calibration.part_share_below(own.part, parts[own.part])
        reason = part_reason(self.contract.parts[own.part], share, calibration.pictures)
        return Reason(reason.code, {**reason.figures, "promise": own.share})

    def strongest(self, parts: Sequence[float]) -> Reason:
        """Return the part that stands out most among the normal pictures; of two equal ones, the more telling kind.

        A picture that is likelier some kind of junk than normal is called by the likeliest kind: log odds compare with
        one another, places among the normal pictures do not.
        """
        calibration, known = self.contract.calibration, self.contract.parts

        def standing_out(number: int) -> tuple[float, bool]:
            row, excess = calibration.parts[number], self._mean_excesses[number]
            return surprisal(row, parts[number], excess), known[number].kind in _TELLING

        kinds = [number for number, part in enumerate(known) if part.kind == "kind"]
        likeliest = max(kinds, key=lambda number: parts[number], default=None)
        number = max(range(len(parts)), key=standing_out)
        if likeliest is not None and (parts[likeliest] > 0 or number in kinds):
            number = likeliest
        share = calibration.part_share_below(number, parts[number])
        return part_reason(known[number], share, calibration.pictures)

    def _normal(self, score: float, parts: Sequence[float]) -> Reason:
        calibration = self.contract.calibration
        figures: dict[str, Figure] = {
            "share": calibration.share_below(score),
            "pictures": calibration.pictures,
        }
        if score > self.threshold and self.kinds.own:
            kind = self.strongest(parts).kind
            own = self.kinds.of_kind(kind)
            figures |= {} if own is None else {"kind": str(kind), "promise": own.share}
        return Reason(ReasonCode.NORMAL, figures)

    @cached_property
    def _mean_excesses(self) -> tuple[float, ...]:
        return tuple(map(_mean_excess, self.contract.calibration.parts))


def calibrated_by_kind(
    contract: Contract, scores: NDArray[np.floating[Any]], parts: NDArray[np.floating[Any]]
) -> Contract:
    """Return the contract with the scores [N] of its normal pictures by what they would be called, with parts [N, K].

    A model that knows no kinds stays as it is.
    """
    if all(part.kind != "kind" for part in contract.parts):
        return contract
    standard = Standard(contract, "", math.inf)
    called = np.array([standard.strongest(row).kind for row in parts.tolist()])
    by_kind = {
        kind: tuple(np.sort(np.asarray(scores, np.float32)[called == kind]).tolist())
        for kind in Kind
        if kind in called
    }
    return replace(contract, calibration=replace(contract.calibration, by_kind=by_kind))


def part_reason(part: Part, share: float, pictures: int) -> Reason:
    """Return the reason that a part gives which is stranger than that share of so many normal pictures."""
    figures: dict[str, Figure] = {"share": share, "pictures": pictures}
    code = _CODES.get(part.name)
    if code is None:
        return Reason(ReasonCode.OTHER_PART, {"says": part.says, **figures})
    return Reason(code, figures)


def surprisal(ascending: Sequence[float], value: float, mean_excess: float | None = None) -> float:
    """Return -log of the share of calibration values above `value`, with an exponential tail from the top 10 % on.

    L = -log((n - r + 1) / (n + 1)) below the top-10 % point u; -log(0.1) + (s - u) / (mean excess over u) above it.
    `mean_excess`: that of these values, where it is known already.
    """
    n = len(ascending)
    top = max(1, n // 10)
    u = ascending[n - top]
    if value > u:
        excess = _mean_excess(ascending) if mean_excess is None else mean_excess
        return -math.log(top / (n + 1)) + (value - u) / (excess + 1e-9)
    return -math.log((n - bisect_left(ascending, value) + 1) / (n + 1))


def _mean_excess(ascending: Sequence[float]) -> float:
    top = max(1, len(ascending) // 10)
    u = ascending[len(ascending) - top]
    return sum(v - u for v in ascending[len(ascending) - top :]) / top
