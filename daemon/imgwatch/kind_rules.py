"""Which rule of the config holds for a picture of some kind, and whether the rules can work together. Pure.

It moves nothing; what a rule looks like is in `settings.kinds`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from imgwatch.ignore import compiled
from imgwatch.judgement import Kind
from imgwatch.settings import Settings, ThresholdRule, Watch
from imgwatch.settings.kinds import KindRule
from imgwatch.settings.section import DATE_DIRECTIVES

Fault = tuple[tuple[str | int, ...], str]  # a key of the config, and what is wrong there
DEFAULT = KindRule()
_SAMPLE = datetime(2024, 12, 31)  # any day will do


def rule_for(rules: tuple[KindRule, ...], steps: tuple[str, ...]) -> KindRule:
    """Return the first rule that fits a picture, by its names from the watched folder on; the default if none does."""
    return next(
        (rule for rule in rules if rule.folders is None or compiled(rule.folders).ignores(steps)), DEFAULT
    )


def faults_of(settings: Settings) -> Iterator[Fault]:
    """Yield faults: rules that never hold, and rules that would move pictures to where they are judged again."""
    for kind in Kind:
        written = getattr(settings.kinds, kind)
        if written == "move":
            yield ("kinds", kind), f"move needs a folder: {kind}: {{action: move, to: ~/Pictures/{kind}s}}"
            continue
        rules = settings.kinds.of(kind)
        for number, rule in enumerate(rules):
            key = ("kinds", kind, number) if isinstance(written, tuple) else ("kinds", kind)
            if number and rules[number - 1].folders is None:
                yield key, "never applies: the rule before it has no `in`, so it applies to every folder"
            why = None if rule.to is None else _misplaced(rule.to, settings)
            if why is not None:
                yield (*key, "to"), why
            if rule.false_alarms is not None and (why := _unkept(kind, rule)) is not None:
                yield (*key, "false_alarms"), why
    yield from _overspent(settings)


def _unkept(kind: Kind, rule: KindRule) -> str | None:
    if rule.folders is not None:
        return "a promise applies to all folders: set it in a rule without `in`"
    if kind is Kind.STRANGER:
        return "strangers have what `threshold: {false_alarms}` leaves them: set false_alarms for the other kinds"
    return None


def _overspent(settings: Settings) -> Iterator[Fault]:
    own = sum(share for _, share in settings.kinds.promised)
    rules: list[tuple[tuple[str | int, ...], ThresholdRule | None]] = [(("threshold",), settings.threshold)]
    rules += [
        (("watch", number, "threshold"), watch.threshold) for number, watch in enumerate(settings.watch)
    ]
    for key, rule in rules:
        total = None if rule is None else rule.false_alarms
        if own and total is not None and own >= total:
            left = f"which leaves nothing of {100 * total:.2f} % for the others; promise more here, or less there"
            yield (*key, "false_alarms"), f"the promises in kinds add up to {100 * own:.2f} %, {left}"


def _misplaced(to: Path, settings: Settings) -> str | None:
    base, dated = parted(to)
    target, quarantine = base.joinpath(*dated), settings.quarantine.path.resolve()
    if may_lie_in(target, quarantine):
        return f"{to} lies in the quarantine ({quarantine}); give it another folder"
    judging = next((watch.path for watch in settings.watch if _judges(watch, target)), None)
    if judging is not None:
        return f"{to} lies in {judging}, which is watched and would judge it again; give another, or ignore it there"
    return None


def _judges(watch: Watch, target: Path) -> bool:
    root = watch.path.resolve()
    if not may_lie_in(target, root):
        return False
    below = target.parts[len(root.parts) :]
    if not below:
        return True
    steps = tuple(_SAMPLE.strftime(step) for step in below)
    return watch.recursive and not compiled(watch.ignore).ignores((*steps, "picture.jpg"))


def parted(to: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the folder above all that has a date in its path, free of symlinks, and the names below it."""
    depth = next((n for n, part in enumerate(to.parts) if "%" in part), len(to.parts))
    return Path(*to.parts[:depth]).resolve(), to.parts[depth:]


def folders_of(settings: Settings) -> list[Path]:
    """Return the folders that pictures are moved to, without dates and symlinks."""
    rules = [rule for kind in Kind for rule in settings.kinds.of(kind)]
    return sorted({parted(rule.to)[0] for rule in rules if rule.to is not None})


def may_lie_in(target: Path, folder: Path) -> bool:
    """Return whether a folder is or lies below another one, whatever date stands in its path."""
    return len(folder.parts) <= len(target.parts) and all(
        fnmatchcase(own, _glob(dated)) for own, dated in zip(folder.parts, target.parts, strict=False)
    )


def _glob(step: str) -> str:
    glob = escape(step)
    for directive in DATE_DIRECTIVES:
        glob = glob.replace(directive, "*")
    return glob
