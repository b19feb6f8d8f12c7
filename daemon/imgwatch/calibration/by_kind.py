"""What a fitted model does to its owner's pictures: how many it would move, by kind, and by which promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgwatch.evaluation.false_alarm_rate import FalseAlarmRate
from imgwatch.judgement import Kind
from imgwatch.kind_promises import LOOK_ALIKE, silent_kinds
from imgwatch.standard import Standard

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class KindOutcome:
    """How many of the pictures would be moved as `kind`; `promise` is its own target rate, None: it shares the others'.

    `fewest`: how many pictures its promise needs; 0 without one. `look_alike`: how many pictures look like it.
    """

    kind: Kind
    would_move: int
    promise: float | None
    can_be_kept: bool
    fewest: int
    look_alike: int
    is_silent: bool


def outcomes_by_kind(standard: Standard, scores: Floats, parts: Floats) -> list[KindOutcome]:
    """Return an outcome for each kind that the model knows, of pictures with scores [N] and parts [N, K]."""
    rows = zip(scores.tolist(), parts.tolist(), strict=True)
    reasons = [why for score, row in rows if (why := standard.why_junk(score, row)) is not None]
    taken = Counter(reason.kind for reason in reasons)
    names = {part.name for part in standard.contract.parts if part.kind == "kind"}
    return [_outcome(standard, kind, taken[kind]) for kind in Kind if kind in names or taken[kind]]


def _outcome(standard: Standard, kind: Kind, taken: int) -> KindOutcome:
    own = standard.kinds.of_kind(kind)
    share = None if own is None else own.share
    rate = FalseAlarmRate(
        standard.contract.calibration.pictures, taken, 0.0, 1.0, share, standard.kinds.confidence
    )
    contract = standard.contract
    look_alike = contract.training.get(LOOK_ALIKE, {}).get(kind, 0)
    is_silent = any(silent.kind is kind for silent in silent_kinds(contract, standard.kinds))
    return KindOutcome(kind, taken, share, rate.is_attainable, rate.fewest, look_alike, is_silent)
