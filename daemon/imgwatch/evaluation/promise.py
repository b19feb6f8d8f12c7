"""Set a threshold on held-out normal pictures, and say what it promises and how sure that is.

It needs scores, not TensorFlow; the conformal quantile itself is `imgwatch.model.contract.Calibration`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.model.contract import INPUT, Calibration, Threshold
from imgwatch.model.scorer import Floats
from imgwatch.picture.decoding import Pixels
from imgwatch.progress import Progress
from imgwatch.settings import ThresholdRule

MANY_FALSE_ALARMS = 0.05  # a rule that flags more of the normal pictures than this is warned of
_BATCH = 32


def threshold_of(calibration: Calibration, rule: ThresholdRule) -> Threshold:
    """Turn a rule into a score."""
    name, value = rule.rule
    if name == "false_alarms":
        score = calibration.threshold_for(value)
    elif name == "mean_plus_std":
        score = calibration.mean + value * calibration.std
    else:
        score = value
    return Threshold(rule=name, value=value, score=score)


@dataclass(frozen=True)
class Promise:
    """What a threshold does to normal pictures: `flagged` of `held_out` lie above it.

    `low` and `high` are the ends of the exact 95 % interval of the share of all normal pictures that will;
    `asked` is None when the rule asks for no share.
    """

    held_out: int
    flagged: int
    low: float
    high: float
    asked: float | None

    @property
    def share(self) -> float:
        """Share of the held-out normal pictures above the threshold, 0 to 1."""
        return self.flagged / self.held_out

    @property
    def can_be_kept(self) -> bool:
        """Tell whether there are enough held-out pictures to promise what was asked."""
        return self.asked is None or self.held_out + 1 >= 1 / self.asked

    @property
    def says(self) -> str:
        """The promise in a sentence."""
        return (
            f"{self.flagged} of {self.held_out} held-out normal pictures ({self.share:.1%}) lie above the "
            f"threshold; of all normal pictures it will be {self.low:.1%} to {self.high:.1%} "
            "(exact 95 % interval)."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before trusting the threshold."""
        told = []
        if not self.can_be_kept and self.asked is not None:
            told.append(
                f"{self.held_out} held-out pictures are too few to promise {self.asked:.3g} false "
                f"alarms: the threshold is the largest of their scores, which promises "
                f"{1 / (self.held_out + 1):.2g}; {math.ceil(1 / self.asked) - 1} held-out ones are needed."
            )
        if self.asked is None and self.share > MANY_FALSE_ALARMS:
            told.append(
                f"This threshold would move {self.flagged} of {self.held_out} held-out normal pictures "
                f"({self.share:.0%}); set `threshold: {{false_alarms: 0.01}}` for a promise instead."
            )
        return tuple(told)

    def facts(self) -> dict[str, Any]:
        """Return the promise as it goes into a model's contract and a report."""
        measured = {**asdict(self), "share": self.share, "can_be_kept": self.can_be_kept}
        return {**measured, "says": self.says, "warnings": list(self.warnings)}


def promise_of(scores: NDArray[np.floating[Any]], threshold: Threshold) -> Promise:
    """Measure a threshold on the scores [N] of held-out normal pictures."""
    flagged = int(np.count_nonzero(np.asarray(scores, dtype=np.float64) > threshold.score))
    low, high = clopper_pearson(flagged, len(scores))
    asked = threshold.value if threshold.rule == "false_alarms" else None
    return Promise(len(scores), flagged, low, high, asked)


class PictureRows(Protocol):
    """Pictures that are read a few rows at a time, as uint8 [N, H, W, C]."""

    def __getitem__(self, rows: NDArray[np.int64]) -> Pixels:
        """Read these rows."""
        ...


def score_rows(
    session: onnxruntime.InferenceSession,
    pictures: PictureRows,
    rows: NDArray[np.int64],
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Score rows with the exported graph, as the daemon will; return score [N] and parts [N, K]."""
    scored = []
    for start in range(0, len(rows), _BATCH):
        scored.append(session.run(["score", "parts"], {INPUT: pictures[rows[start : start + _BATCH]]}))
        progress("score", min(start + _BATCH, len(rows)), len(rows))
    scores, parts = zip(*scored, strict=True)
    return np.concatenate(scores), np.concatenate(parts)
