"""The user's decisions about pictures in quarantine: one implementation for shell and gallery.

The quarantine's log is the authority; the ledger counts it. What the user saw is
passed as `expected`, and compared under the same lock under which the picture is moved.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from imgwatch.errors import DecidedMeanwhile, ImgwatchError, shown
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, ReasonCode
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import Event, FileState, ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.beside import names_beside
from imgwatch.quarantine.history import LogEntry
from imgwatch.quarantine.record import Record


class Decided(NamedTuple):
    """A decision that was carried out, with everything that undoing it needs.

    `before` is RESTORED for a picture in its folder that the user moved into quarantine.
    """

    record: Record
    before: ReviewState
    restored_to: Path | None = None


class Emptied(NamedTuple):
    """What was deleted from the bin, and by id what could not be."""

    deleted: list[Record]
    failed: dict[str, ImgwatchError]


class Decisions:
    """Carries out decisions. Each raises what the method of `Quarantine` raises, and then has changed nothing."""

    def __init__(self, quarantine: Quarantine, ledger: Ledger) -> None:
        self._quarantine = quarantine
        self._ledger = ledger

    def restore(
        self,
        which: str | Record,
        to: Path | None = None,
        expected: ReviewState | None = None,
        below: Path = Path(),
    ) -> Decided:
        """Put a picture back; the ledger knows it and its companions as kept, so that none is judged again.

        One that was moved on comes from there, by way of the quarantine; if it cannot be put back, it goes there again.
        Into the folder `to`, if given, and in that into the folders `below`; there under a free name.
        """
        record, before = self._seen(which, expected)
        if before is ReviewState.MOVED:
            record, expected = self._take_back(record), None
        try:
            path = self._quarantine.restore(record, to, expected, below=below, under_free_name=to is not None)
        except ImgwatchError:
            if before is ReviewState.MOVED:
                with suppress(
                    ImgwatchError
                ):  # the first fault counts; the picture stays in quarantine, for later
                    self._quarantine.move_on(record)
            raise
        rows = []
        for restored in _set_of(record, path):
            with suppress(OSError):  # taken away by somebody at once, or never came back
                rows.append(Row(restored, Identity.of(restored.lstat()), FileState.KEPT))
        self._ledger.remember(rows, time.time())
        self._count()
        return Decided(record, before, path)

    def take_out(
        self, path: Path, identity: Identity, judgement: Judgement, companions: Sequence[str] = ()
    ) -> Decided:
        """Move a picture into quarantine from where it lies; what the user saw of it is this version.

        That the user restored it before does not matter: this is a choice of the user, too.
        """
        record = self._quarantine.quarantine(path, identity, judgement, companions, even_if_restored=True)
        self._ledger.forget(_set_of(record, path))
        self._ledger.signatures.forget(path)
        self._count()
        return Decided(record, ReviewState.RESTORED)

    def mark(self, which: str | Record, state: ReviewState, expected: ReviewState | None = None) -> Decided:
        """Put a picture into the bin, keep it for later, or open it again."""
        record, before = self._seen(which, expected)
        decided = Decided(self._quarantine.mark(record, state, expected), before)
        self._count()
        return decided

    def delete(self, which: str | Record, expected: ReviewState | None = None) -> Decided:
        """Delete a picture for good, without the bin. This cannot be undone."""
        record, before = self._seen(which, expected)
        decided = Decided(self._quarantine.delete(record, expected), before)
        self._count()
        return decided

    def undo(self, decided: Decided, expected: ReviewState | None = None) -> Record:
        """Undo a decision, and return the picture's record: a restored picture gets a new one.

        What was only marked must still stand as `expected`. Raises DecidedMeanwhile, or what undoing it raises.
        A copy goes again only while the picture that was kept lies where it lay: raises DecidedMeanwhile.
        """
        if decided.before is ReviewState.RESTORED:
            return self.restore(decided.record).record
        if decided.restored_to is None:
            record = self._quarantine.mark(decided.record, decided.before, expected)
        else:
            _require_kept(decided.record)
            record = self._quarantine.requarantine(decided.record, decided.restored_to)
            self._ledger.forget(_set_of(decided.record, decided.restored_to))
            if decided.before in (ReviewState.OPEN, ReviewState.MOVED):
                if record.destination is not None:
                    self._quarantine.move_on(record)
            else:
                self._quarantine.mark(record, decided.before)
        self._count()
        return record

    def undoable(self) -> Sequence[Decided]:
        """Return the decisions that can be undone and have not been, the latest first, by any program."""
        return [
            Decided(made.record, ReviewState.OPEN, made.restored_to) for made in self._quarantine.decisions()
        ]

    def empty(self) -> Emptied:
        """Delete for good what is in the bin; what cannot be deleted stops no other. This cannot be undone."""
        emptied = Emptied([], {})
        for record in list(self._quarantine.binned()):
            try:
                if self._quarantine.delete_binned(record):
                    emptied.deleted.append(record)
            except ImgwatchError as fault:
                emptied.failed[record.id] = fault
        self._count()
        return emptied

    def purge(self, keep_days: float | None, max_bytes: int | None) -> Sequence[Record]:
        """Delete for good what exceeds the limits. This cannot be undone."""
        records = self._quarantine.purge(keep_days, max_bytes)
        self._count()
        return records

    def _take_back(self, record: Record) -> Record:
        """Return a moved picture to quarantine. Raises DecidedMeanwhile if somebody has done that already."""
        moved = self._quarantine.find_moved(record.id)
        if moved is None:
            raise DecidedMeanwhile(f"{record.id} is not where it was moved to; look again")
        return self._quarantine.take_back(moved)

    def _seen(self, which: str | Record, expected: ReviewState | None) -> tuple[Record, ReviewState]:
        record = which if isinstance(which, Record) else self._quarantine.find(which)
        return record, expected or self._quarantine.review_state(record)

    def _count(self) -> None:
        count_history(self._quarantine, self._ledger)


def _require_kept(record: Record) -> None:
    """Raise DecidedMeanwhile if the picture is a copy whose original is gone, as both must never go."""
    reason = record.judgement.reason
    kept = Path(str(reason.figures.get("kept", "/")))
    if reason.code is ReasonCode.DUPLICATE and not kept.exists():
        raise DecidedMeanwhile(f"{shown(kept)} is no longer there, so its copy stays where it is")


def _set_of(record: Record, path: Path) -> list[Path]:
    """Return the paths of a picture that was restored to this path, and of its companions."""
    return [path, *(path.with_name(name) for name in names_beside(record, path.name).values())]


def count_history(quarantine: Quarantine, ledger: Ledger) -> None:
    """Count in the ledger what any process has appended to the quarantine's log."""
    log = quarantine.log_name()
    if log is None:
        return
    since = ledger.counts.log_offset(log)
    events, offset = quarantine.events_since(since)
    if events:
        counted = ((entry.event, entry.at.timestamp()) for entry in _first_moves(events))
        ledger.counts.add_events(log, counted, since, offset)


def _first_moves(events: Iterable[LogEntry]) -> Iterator[LogEntry]:
    """Yield events without those of pictures that were recalled for a companion and moved on again."""
    recalled = set()
    for entry in events:
        if entry.event is Event.RECALLED:
            recalled.add(entry.record.id)
        elif entry.event is Event.MOVED and entry.record.id in recalled:
            recalled.discard(entry.record.id)
        else:
            yield entry
