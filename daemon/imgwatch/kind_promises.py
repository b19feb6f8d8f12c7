"""Promises for single kinds of junk: the limit of each in a model, and the rest for other kinds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from imgwatch.errors import ModelError
from imgwatch.judgement import Kind
from imgwatch.model.contract import Contract
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised

LOOK_ALIKE = "look_alike"  # among the training facts: how many normal pictures look like each kind
_CLEARLY = (
    1.5  # times the promise: then less than half of a kind is caught in 97 of 100 cases (docs/kinds.md)
)
OTHERS = "others"  # beside the kinds with a promise of their own: what the score judges


@dataclass(frozen=True)
class OwnPromise:
    """At most this share of normal pictures is taken as `kind`: those whose part number `part` is above `limit`."""

    kind: Kind
    share: float
    part: int
    limit: float

    def is_broken(self, parts: Sequence[float]) -> bool:
        """Return whether a picture with these parts is junk by this promise."""
        return parts[self.part] > self.limit


@dataclass(frozen=True)
class KindPromises:
    """The `own` promises of kinds, and the share that the score may take of all others; None: that is no promise."""

    own: tuple[OwnPromise, ...] = ()
    others: float | None = None
    confidence: float | None = None  # in each of them

    @classmethod
    def of(cls, contract: Contract, rule: ThresholdRule | None, promised: Promised, path: Path) -> Self:
        """Return the config's promises (`promised`) for a model, the file at `path`. Raises ModelError."""
        name, value = (contract.threshold.rule, contract.threshold.value) if rule is None else rule.rule
        if not promised:
            return cls(others=value if name == "false_alarms" else None)
        numbers = {part.name: number for number, part in enumerate(contract.parts) if part.kind == "kind"}
        _require_known([kind for kind, _ in promised], numbers, contract, path)
        confidence, own = contract.threshold.confidence if rule is None else rule.confidence, []
        for kind, share in promised:
            limit = contract.calibration.part_threshold_for(numbers[kind], share, confidence)
            own.append(OwnPromise(Kind(kind), share, numbers[kind], limit))
        if name != "false_alarms":
            return cls(tuple(own), None, confidence)
        others = round(value - sum(share for _, share in promised), 9)
        if others <= 0:
            raise ModelError(
                f"{path}: the promises in `kinds` leave nothing of the {100 * value:.2f} % "
                "that is promised for all kinds; "
                "set `threshold: {false_alarms: ...}` in the config to more than their sum"
            )
        return cls(tuple(own), others, confidence)

    def of_kind(self, kind: Kind) -> OwnPromise | None:
        """Return the promise that a kind has of its own."""
        return next((own for own in self.own if own.kind is kind), None)

    def threshold(self, contract: Contract, rule: ThresholdRule | None) -> float:
        """Return the score above which a picture is taken that is called no kind with a promise of its own."""
        if not self.own or self.others is None:
            return contract.effective_threshold(rule)
        kinds = {own.kind for own in self.own}
        return contract.calibration.threshold_without(kinds, self.others, self.confidence)

    def facts(self) -> dict[str, float]:
        """Return the shares by kind, and that of the others; empty where all kinds share one promise."""
        if not self.own:
            return {}
        shares = {str(own.kind): own.share for own in self.own}
        return shares if self.others is None else {**shares, OTHERS: self.others}


@dataclass(frozen=True)
class SilentKind:
    """A kind that `look_alike` of so many `pictures` look like: clearly more than its `promise` lets be taken."""

    kind: Kind
    look_alike: int
    pictures: int
    promise: float

    @property
    def summary(self) -> str:
        """Return it in words, without the kind's name."""
        return (
            f"{self.look_alike} of your {self.pictures:,} normal pictures look like that, more than the promised "
            f"{100 * self.promise:.3g} %; this kind is silent"
        )


def silent_kinds(contract: Contract, promises: KindPromises) -> list[SilentKind]:
    """Return the kinds that are normal in the folder that a model was calibrated on; none of a general model.

    What looks like these pictures cannot be taken without breaking the promise.
    """
    counts = contract.training.get(LOOK_ALIKE)
    if contract.generic or not isinstance(counts, Mapping):
        return []
    pictures, silent = contract.calibration.pictures, []
    for kind in Kind:
        own, count = promises.of_kind(kind), counts.get(kind, 0)
        share = promises.others if own is None else own.share
        if share is not None and isinstance(count, int) and count > _CLEARLY * share * pictures:
            silent.append(SilentKind(kind, count, pictures, share))
    return silent


def silence_in_words(contract: Contract, promises: KindPromises) -> dict[str, str]:
    """Return the silent kinds, each with a sentence."""
    return {str(silent.kind): silent.summary for silent in silent_kinds(contract, promises)}


def _require_known(kinds: Sequence[str], numbers: dict[str, int], contract: Contract, path: Path) -> None:
    unknown = [kind for kind in kinds if kind not in numbers]
    if unknown:
        raise ModelError(
            f"{path}: this model does not know the kind {unknown[0]}, which has a promise of its own in `kinds`; "
            f"set `model: default` and run `imgwatch calibrate`"
        )
    if not contract.calibration.by_kind:
        raise ModelError(
            f"{path}: this model was not calibrated by kind, and {kinds[0]} has a promise of its own in `kinds`; "
            f"run `imgwatch calibrate` (again)"
        )
