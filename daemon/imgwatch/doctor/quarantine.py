"""Whether the quarantine is whole, and its disk is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.errors import ImgwatchError, QuarantineGone
from imgwatch.ledger import Ledger
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.volume import Volume

_SHOWN = 5  # problems of one kind; the rest is counted


def check_quarantine(subject: Subject) -> Iterator[Finding]:
    """Look for records and pictures that do not belong together."""
    path = subject.settings.quarantine.path
    if not path.exists():
        yield ok(f"quarantine {path}: not there yet, made at the first picture")
        return
    try:
        problems = Quarantine(path).check()
    except (ImgwatchError, OSError) as error:
        yield fault(f"quarantine {path}: cannot be read: {error}", f"look at the rights of {path}")
        return
    for problem in problems[:_SHOWN]:
        yield warning(f"{problem.path} {problem.what}", "look at it; imgwatch leaves it alone")
    if len(problems) > _SHOWN:
        yield warning(f"{len(problems) - _SHOWN} more such problems in {path}", "look at them")
    if not problems:
        yield ok(f"quarantine {path}: every record has its picture, every picture its record")


def check_volume(subject: Subject) -> Iterator[Finding]:
    """Look whether the quarantine's disk is there, if the ledger can be asked where it lay."""
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
