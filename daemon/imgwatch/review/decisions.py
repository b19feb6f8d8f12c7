"""The decisions of the gallery's user, about one picture or many, each undone as one.

`imgwatch.decisions` carries one out; `app` shows it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from imgwatch.decisions import Decided, Decisions
from imgwatch.duplicates.replacing import Kept, restore_instead
from imgwatch.errors import ImgwatchError, RecordMissing
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.review.index import ReviewIndex

_MOST_UNDONE = 1000  # batches remembered


class Verb(StrEnum):
    """What can be decided about a picture."""

    RESTORE = "restore"
    DELETE = "delete"  # into the bin
    LATER = "later"
    REOPEN = "reopen"


NOTHING = "nothing"  # was there to undo
INSTEAD = "restore instead"  # of the picture that was kept
_STATES: dict[str, ReviewState] = {
    Verb.DELETE: ReviewState.BINNED,
    Verb.LATER: ReviewState.LATER,
    Verb.REOPEN: ReviewState.OPEN,
}


@dataclass
class Outcome:
    """The outcome of a request: the ids that were done, and why others were not."""

    verb: str
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    batch: str | None = None  # by which it can be undone

    def as_json(self) -> dict[str, object]:
        """Return it as the page's JSON: each reason once."""
        return {"verb": self.verb, "done": self.done, "failed": self.failed}


class Batch(NamedTuple):
    """Decisions that were made together, and are undone together."""

    id: str
    verb: str
    steps: list[Decided]


class ReviewDecisions:
    """Makes decisions, and remembers how to undo them. Safe to use from several threads."""

    def __init__(
        self,
        quarantine: Quarantine,
        index: ReviewIndex,
        open_ledger: Callable[[], AbstractContextManager[Ledger]],
    ) -> None:
        self._quarantine = quarantine
        self._index = index
        self._open_ledger = open_ledger
        self._lock = threading.Lock()
        self._batches: list[Batch] = []

    @contextmanager
    def _decisions(self) -> Iterator[Decisions]:
        with self._open_ledger() as ledger:
            yield Decisions(self._quarantine, ledger)

    @property
    def undoable(self) -> int:
        """The number of decisions that `undo` can undo."""
        return len(self._batches)

    def decide(self, verb: Verb, ids: Sequence[str], shown_as: ReviewState | None) -> Outcome:
        """Decide on each picture; a fault of one never stops the rest. `shown_as`: their state on the page."""
        outcome, steps = Outcome(verb), []
        with self._lock, self._decisions() as decisions:
            for record_id in ids:
                try:
                    steps.append(self._decide_one(verb, record_id, shown_as, decisions))
                    outcome.done.append(record_id)
                except ImgwatchError as fault:
                    outcome.failed[record_id] = str(fault)
            outcome.batch = self._remember(verb, steps)
        self._index.refresh()
        return outcome

    def replace_kept(self, record_id: str, kept: Kept, shown_as: ReviewState) -> Outcome:
        """Restore a copy, then quarantine the picture that was kept; if that fails, both stay."""
        outcome, steps, fault = Outcome(INSTEAD), list[Decided](), None
        with self._lock, self._decisions() as decisions:
            try:
                steps, fault = restore_instead(decisions, self._in_index(record_id), kept, shown_as)
                outcome.done.append(record_id)
            except ImgwatchError as refused:
                fault = refused
            if fault is not None:
                outcome.failed[record_id] = str(fault)
            outcome.batch = self._remember(INSTEAD, steps)
        self._index.refresh()
        return outcome

    def _decide_one(
        self, verb: Verb, record_id: str, shown_as: ReviewState | None, decisions: Decisions
    ) -> Decided:
        record = self._in_index(record_id)
        if verb is Verb.RESTORE:
            return decisions.restore(record, expected=shown_as)
        return decisions.mark(record, _STATES[verb], expected=shown_as)

    def _in_index(self, record_id: str) -> Record:
        record = self._index.get(record_id)
        if record is None:
            raise RecordMissing("it is no longer in quarantine: somebody else was quicker")
        return record

    def _remember(self, verb: str, steps: list[Decided]) -> str | None:
        """Remember steps, in the order in which they are undone; return the batch's id, None without steps."""
        if not steps:
            return None
        batch = Batch(secrets.token_hex(8), verb, steps)
        self._batches = [*self._batches, batch][-_MOST_UNDONE:]
        return batch.id

    def undo(self, batch_id: str | None = None) -> Outcome:
        """Undo a batch, the last one by default. Faults are in the outcome, and are not tried again."""
        with self._lock, self._decisions() as decisions:
            batch = next((batch for batch in reversed(self._batches) if batch_id in (None, batch.id)), None)
            if batch is None:
                return Outcome(NOTHING)
            self._batches.remove(batch)
            outcome = Outcome(batch.verb)
            for step in batch.steps:
                try:
                    outcome.done.append(decisions.undo(step, _STATES.get(batch.verb)).id)
                except ImgwatchError as fault:
                    outcome.failed[step.record.id] = str(fault)
        self._index.refresh()
        return outcome

    def empty(self) -> Outcome:
        """Delete for good what is in the bin. This cannot be undone, nor can the decisions that led there."""
        outcome = Outcome("empty")
        with self._lock, self._decisions() as decisions:
            emptied = decisions.empty()
            outcome.done = [record.id for record in emptied.deleted]
            outcome.failed = {record_id: str(fault) for record_id, fault in emptied.failed.items()}
            gone = set(outcome.done)
            kept = [
                batch._replace(steps=[step for step in batch.steps if step.record.id not in gone])
                for batch in self._batches
            ]
            self._batches = [batch for batch in kept if batch.steps]
        self._index.refresh()
        return outcome
