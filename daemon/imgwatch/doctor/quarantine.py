"""Checks whether the quarantine is consistent, and its disk present."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ImgwatchError, QuarantineGone, shown
from imgwatch.ledger import Ledger
from imgwatch.picture.companions import may_follow, owner_of
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.volume import Volume

_SHOWN = 5  # problems of one kind; the rest is counted


def check_quarantine(subject: Subject) -> Iterator[Finding]:
    """Check for records without pictures, and pictures without records."""
    path = subject.settings.quarantine.path
    if not path.exists():
        yield ok(f"quarantine {path}: does not exist yet; the first picture makes it")
        return
    try:
        problems = Quarantine(path).check()
    except (ImgwatchError, OSError) as error:
        yield fault(f"quarantine {path}: cannot be read: {error}", f"look at the rights of {path}")
        return
    for problem in problems[:_SHOWN]:
        yield warning(f"{problem.path} {problem.what}", problem.remedy)
    if len(problems) > _SHOWN:
        yield warning(f"{len(problems) - _SHOWN} more such problems in {path}", "look at them")
    if not problems:
        yield ok(f"quarantine {path}: every record has its picture, every picture its record")


def check_left_behind(subject: Subject) -> Iterator[Finding]:
    """Check for companions that arrived after their picture had been moved on to the folder for its kind."""
    path = subject.settings.quarantine.path
    if subject.settings.companions != "together" or not path.exists():
        return
    moved: dict[Path, dict[str, Path]] = {}
    with suppress(ImgwatchError, OSError):  # what cannot be read, `check_quarantine` names
        for item in Quarantine(path).moved():
            original = Path(item.record.original)
            moved.setdefault(original.parent, {})[original.name] = item.path
    findings = [
        warning(
            f"{shown(lying)} belongs to a picture that was moved to {shown(pictures[owner])}, and came later",
            "`imgwatch rescan` moves it there; if it stays, its picture was changed since: move it yourself",
        )
        for folder, pictures in moved.items()
        for lying in _files_in(folder)
        if may_follow(lying.name) and (owner := owner_of(lying, pictures)) is not None
    ]
    yield from findings[:_SHOWN]
    if len(findings) > _SHOWN:
        yield warning(
            f"{len(findings) - _SHOWN} more files came after their pictures had been moved", "look at them"
        )


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # the folder is gone, or closed: `check_folders` says so
        return []


def check_volume(subject: Subject) -> Iterator[Finding]:
    """Check whether the quarantine's disk is present, if the ledger knows which one that is."""
    if not subject.ledger.exists():
        return
    with suppress(ImgwatchError), closing(Ledger(subject.ledger, mend=False)) as ledger:
        path, facts = subject.settings.quarantine.path, ledger.facts
        yield from _volume(Volume(path, lambda: facts.volume(path), lambda _: None))


def _volume(volume: Volume) -> Iterator[Finding]:
    try:
        volume.check()
    except QuarantineGone as gone:
        yield fault(str(gone), "mount its disk")
