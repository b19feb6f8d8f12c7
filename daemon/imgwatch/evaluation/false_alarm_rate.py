"""The false-alarm rate of a threshold on held-out normal pictures: measured, with its interval, against its target.

The conformal quantile that sets a threshold is `imgwatch.model.contract.Calibration`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.model.contract import Threshold
from imgwatch.model.order_statistic import fewest_scores

MANY_FALSE_ALARMS = 0.05  # a rule that flags more of the normal pictures than this is warned of


@dataclass(frozen=True)
class FalseAlarmRate:
    """The measured false-alarm rate of a threshold: `flagged` of `held_out` normal pictures lie above it.

    `low` and `high` are the ends of the exact 95 % interval of the rate among all normal pictures;
    `target` is the rate that the rule asks for, None when it asks for none.
    """

    held_out: int
    flagged: int
    low: float
    high: float
    target: float | None
    confidence: float | None = None

    @property
    def share(self) -> float:
        """The share of the held-out normal pictures above the threshold, 0 to 1."""
        return self.flagged / self.held_out

    @property
    def is_attainable(self) -> bool:
        """Return whether there are enough held-out pictures to guarantee the target."""
        return self.target is None or self.held_out >= self.fewest

    @property
    def fewest(self) -> int:
        """Return how many held-out pictures the target needs; 0 without a target."""
        if self.target is None:
            return 0
        if self.confidence is None:
            return math.ceil(round(1 / self.target, 9)) - 1
        return fewest_scores(self.target, self.confidence)

    @property
    def summary(self) -> str:
        """The rate in a sentence."""
        return (
            f"{self.flagged} of {self.held_out} held-out normal pictures ({100 * self.share:.1f} %) lie above the "
            f"threshold. Among new ones of the same kind, expect {100 * self.low:.1f} % to {100 * self.high:.1f} % "
            "(exact 95 % interval)."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before trusting the threshold."""
        warnings = []
        if not self.is_attainable and self.target is not None:
            certainty = "" if self.confidence is None else f" with {100 * self.confidence:.0f} % confidence"
            warnings.append(
                f"At most {100 * self.target:.1f} % false alarms cannot be promised{certainty} "
                f"from {self.held_out} held-out pictures: that takes {self.fewest}. The threshold is "
                f"the largest of their scores, which stands for {100 / (self.held_out + 1):.1f} %."
            )
        if self.target is None and self.share > MANY_FALSE_ALARMS:
            warnings.append(
                f"This threshold would move {self.flagged} of {self.held_out} held-out normal pictures "
                f"({100 * self.share:.0f} %); set `threshold: {{false_alarms: 0.01}}` to move about 1 % of them."
            )
        return tuple(warnings)

    def facts(self) -> dict[str, Any]:
        """Return the JSON fields that go into a model's contract and a report, under the key `promise`."""
        measured = asdict(self)
        measured["asked"] = measured.pop("target")  # the key that model files have always had
        verdict = {"share": self.share, "can_be_kept": self.is_attainable}
        return {**measured, **verdict, "says": self.summary, "warnings": list(self.warnings)}


def measure_false_alarms(scores: NDArray[np.floating[Any]], threshold: Threshold) -> FalseAlarmRate:
    """Measure a threshold on the scores [N] of held-out normal pictures."""
    flagged = int(np.count_nonzero(np.asarray(scores, dtype=np.float64) > threshold.score))
    low, high = clopper_pearson(flagged, len(scores))
    target = threshold.value if threshold.rule == "false_alarms" else None
    return FalseAlarmRate(len(scores), flagged, low, high, target, threshold.confidence)
