"""The keys of `threshold`: how strange is too strange."""

from typing import Literal

from imgwatch.settings.section import Finite, Promise, Section, Share


class ThresholdRule(Section, frozen=True):
    """How strange is too strange: exactly one of the keys; `confidence` goes with `false_alarms`."""

    false_alarms: Promise | None = None
    confidence: Share | None = None
    mean_plus_std: Finite | None = None
    score: Finite | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.false_alarms, self.mean_plus_std, self.score)) != 1:
            raise ValueError("give exactly one of false_alarms, mean_plus_std, score")
        if self.confidence is not None and self.false_alarms is None:
            raise ValueError("confidence needs false_alarms")

    @property
    def rule(self) -> tuple[Literal["false_alarms", "mean_plus_std", "score"], float]:
        """The key that is set, and its value."""
        if self.false_alarms is not None:
            return "false_alarms", self.false_alarms
        if self.mean_plus_std is not None:
            return "mean_plus_std", self.mean_plus_std
        assert self.score is not None
        return "score", self.score
