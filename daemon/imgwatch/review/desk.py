"""What the user decides in the gallery: a verdict on one picture or many, each undone as one, races told.

How it is done safely, `quarantine` knows; how it is shown, `app`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from imgwatch import decisions
from imgwatch.errors import ImgwatchError, RecordMissing
from imgwatch.ledger import Ledger
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.review_state import Standing
from imgwatch.review.index import Index

_MOST_UNDONE = 1000  # batches remembered


class Verb(StrEnum):
    """What can be decided about a picture."""

    RESTORE = "restore"
    DELETE = "delete"  # into the bin
    LATER = "later"
    REOPEN = "reopen"


_STANDINGS = {Verb.DELETE: Standing.BINNED, Verb.LATER: Standing.LATER, Verb.REOPEN: Standing.OPEN}


@dataclass
class Outcome:
    """What became of a request: the ids that were done, and why the others were not."""

    verb: str
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """Give it as the page wants it: each reason once."""
        return {"verb": self.verb, "done": self.done, "failed": self.failed}


@dataclass(frozen=True)
class _Step:
    """One decision, as undoing it needs it."""

    record: Record
    before: Standing
    restored_to: Path | None = None


class Desk:
    """Decides, and remembers how to undo. Safe to use from several threads."""

    def __init__(
        self, quarantine: Quarantine, index: Index, open_ledger: Callable[[], AbstractContextManager[Ledger]]
    ) -> None:
        self._quarantine = quarantine
        self._index = index
        self._open_ledger = open_ledger
        self._lock = threading.Lock()
        self._batches: list[tuple[str, list[_Step]]] = []

    @property
    def undoable(self) -> int:
        """How many decisions `undo` can take back."""
        return len(self._batches)

    def decide(self, verb: Verb, ids: Sequence[str], shown_as: Standing) -> Outcome:
        """Do it to each; a fault of one never stops the rest. `shown_as`: how the pictures stood on the page."""
        outcome, steps = Outcome(verb), []
        with self._lock, self._open_ledger() as ledger:
            for record_id in ids:
                try:
                    steps.append(self._decide_one(verb, record_id, shown_as, ledger))
                    outcome.done.append(record_id)
                except ImgwatchError as fault:
                    outcome.failed[record_id] = str(fault)
            if steps:
                self._batches = [*self._batches, (verb, steps)][-_MOST_UNDONE:]
        self._index.refresh()
        return outcome

    def _decide_one(self, verb: Verb, record_id: str, shown_as: Standing, ledger: Ledger) -> _Step:
        record = self._index.get(record_id)
        if record is None:
            raise RecordMissing("it is no longer in quarantine: somebody else was quicker")
        if verb is not Verb.RESTORE:
            self._quarantine.mark(record, _STANDINGS[verb], expected=shown_as)
            return _Step(record, shown_as)
        self._quarantine.mark(record, shown_as, expected=shown_as)  # raises if somebody else was quicker
        return _Step(record, shown_as, decisions.restore(self._quarantine, ledger, record))

    def undo(self) -> Outcome:
        """Take the last batch back. What cannot be undone says why, and is not tried again."""
        with self._lock, self._open_ledger() as ledger:
            if not self._batches:
                return Outcome("nothing")
            verb, steps = self._batches.pop()
            outcome = Outcome(verb)
            for step in steps:
                try:
                    outcome.done.append(self._undo_one(step, ledger))
                except ImgwatchError as fault:
                    outcome.failed[step.record.id] = str(fault)
        self._index.refresh()
        return outcome

    def _undo_one(self, step: _Step, ledger: Ledger) -> str:
        if step.restored_to is None:
            self._quarantine.mark(step.record, step.before)
            return step.record.id
        again = decisions.take_back(self._quarantine, ledger, step.record, step.restored_to)
        if step.before is not Standing.OPEN:
            self._quarantine.mark(again, step.before)
        return again.id

    def empty(self) -> Outcome:
        """Delete for good what is in the bin. This cannot be undone, and what led there no more either."""
        outcome = Outcome("empty")
        with self._lock, self._open_ledger() as ledger:
            outcome.done = [record.id for record in self._quarantine.empty()]
            gone = set(outcome.done)
            kept = [(verb, [s for s in steps if s.record.id not in gone]) for verb, steps in self._batches]
            self._batches = [(verb, steps) for verb, steps in kept if steps]
            decisions.count_history(self._quarantine, ledger)
        self._index.refresh()
        return outcome
