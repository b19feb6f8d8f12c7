"""The outcome of a judgement under the config: left, reported, quarantined, moved, now or later. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imgwatch.judgement import ReasonCode, Verdict
from imgwatch.judging import Judged
from imgwatch.kind_rules import DEFAULT, parted, rule_for
from imgwatch.lifecycle import FileEvent
from imgwatch.scan import Scope
from imgwatch.settings import Settings
from imgwatch.settings.kinds import KindRule, KindSettings

_DAY_SECONDS = 86_400
_ALL_TO_QUARANTINE = KindSettings()


class Outcome(NamedTuple):
    """What happens to a picture, and when, if it waits (seconds since 1970)."""

    event: FileEvent
    due: float | None = None


@dataclass(frozen=True)
class Policy:
    """What is done with a verdict."""

    report_only: bool = False
    move_unreadable: bool = False
    together: bool = True  # a picture and what belongs to it
    spares_existing: bool = False  # what lay there on the first day, also once it was changed
    scopes: tuple[Scope, ...] = ()  # what they ignore belongs to no picture
    kinds: KindSettings = _ALL_TO_QUARANTINE
    reports_copies: bool = False
    is_general: Callable[[Path], bool] | None = (
        None  # whether the model for a path is; then it is only reported
    )

    @classmethod
    def of(
        cls, settings: Settings, is_general: Callable[[Path], bool], *, spares_existing: bool = False
    ) -> Policy:
        """Return the config's policy. `is_general`: whether the model that judges a path is the general one."""
        return cls(
            settings.mode == "report",
            settings.unreadable == "quarantine",
            settings.companions == "together",
            spares_existing,
            tuple(Scope(watch.path.resolve(), ignore=watch.ignore) for watch in settings.watch),
            settings.kinds,
            settings.duplicates.action != "quarantine",
            is_general if settings.waits_for_own_model else None,
        )

    def only_reports(self, path: Path) -> bool:
        """Return whether nothing that lies there is moved, whatever it is."""
        return self.report_only or (self.is_general is not None and self.is_general(path))

    def ignores(self, path: Path) -> bool:
        """Return whether a file in a watched folder is to be left alone by its name."""
        return any(scope.ignores(path) for scope in self.scopes)

    def outcome(self, judged: Judged, now: float) -> Outcome:
        """Return what happens to a picture; of the breaker it knows nothing."""
        verdict = judged.judgement.verdict
        if judged.judgement.reason.code is ReasonCode.EXISTING:
            return Outcome(FileEvent.PREEXISTED)
        if verdict is Verdict.KEEP:
            return Outcome(FileEvent.JUDGED_NORMAL)
        is_damaged = judged.judgement.reason.code is ReasonCode.UNREADABLE
        if verdict is Verdict.UNREADABLE and not (is_damaged and self.move_unreadable):
            return Outcome(FileEvent.FAILED_TO_DECODE)
        if (
            judged.judgement.reason.code is ReasonCode.DUPLICATE
        ):  # no promise of a model: `mode: auto` moves it, too
            stays = self.report_only or self.reports_copies
            return Outcome(FileEvent.JUDGED_JUNK_IN_REPORT_MODE if stays else FileEvent.JUDGED_JUNK)
        rule = self.rule(judged)
        if rule.action == "keep":
            return Outcome(FileEvent.JUDGED_JUNK_OF_A_KEPT_KIND)
        if self.only_reports(judged.path) or rule.action == "report":
            return Outcome(FileEvent.JUDGED_JUNK_IN_REPORT_MODE)
        due = _due(judged, rule, now)
        if due > now:
            return Outcome(FileEvent.JUDGED_JUNK_AND_YOUNG, due)
        return Outcome(FileEvent.JUDGED_JUNK)

    def takes(self, judged: Judged) -> bool:
        """Return whether a picture would be moved now or later, if the mode allowed it: what the breaker counts."""
        if judged.judgement.reason.code is ReasonCode.DUPLICATE:
            return not self.reports_copies
        return judged.judgement.verdict is not Verdict.KEEP and self.rule(judged).action in (
            "quarantine",
            "move",
        )

    def rule(self, judged: Judged) -> KindRule:
        """Return the rule for a picture that is junk."""
        kind = judged.judgement.kind
        if kind is None:
            return DEFAULT
        scopes = [scope for scope in self.scopes if judged.path.is_relative_to(scope.root)]
        steps = scopes[0].steps_to(judged.path) if scopes else (judged.path.name,)
        return rule_for(self.kinds.of(kind), steps)

    def destination(self, judged: Judged) -> Destination | None:
        """Return where a picture is moved by the rule for its kind; None: to the quarantine."""
        to = self.rule(judged).to
        if to is None:
            return None
        base, dated = parted(to)
        return Destination(base, base.joinpath(*map(judged.day.strftime, dated)))


class Destination(NamedTuple):
    """The folder that a picture is moved to, without symlinks, and that above it which has no date in its path."""

    base: Path
    folder: Path


def _due(judged: Judged, rule: KindRule, now: float) -> float:
    """Return when a picture is as old as its rule wants; one from the future counts as made now."""
    made = min(judged.identity.mtime_ns / 1e9, now)
    return made + (rule.after_days or 0) * _DAY_SECONDS
