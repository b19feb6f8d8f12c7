"""What the gallery's user decides: about one picture or many at once, each undone as one.

How a decision is carried out, `imgwatch.decisions` knows; how it is shown, `app`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from imgwatch.decisions import Decided, Decisions
from imgwatch.errors import ImgwatchError, RecordMissing
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.review.index import ReviewIndex

_MOST_UNDONE = 1000  # batches remembered


class Verb(StrEnum):
    """What can be decided about a picture."""

    RESTORE = "restore"
    DELETE = "delete"  # into the bin
    LATER = "later"
    REOPEN = "reopen"


_STATES = {Verb.DELETE: ReviewState.BINNED, Verb.LATER: ReviewState.LATER, Verb.REOPEN: ReviewState.OPEN}


@dataclass
class Outcome:
    """What became of a request: the ids that were done, and why the others were not."""

    verb: str
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Give it as the page wants it: each reason once."""
        return {"verb": self.verb, "done": self.done, "failed": self.failed}


class ReviewDecisions:
    """Decides, and remembers how to undo. Safe to use from several threads."""

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
        self._batches: list[tuple[str, list[Decided]]] = []

    @contextmanager
    def _decisions(self) -> Iterator[Decisions]:
        with self._open_ledger() as ledger:
            yield Decisions(self._quarantine, ledger)

    @property
    def undoable(self) -> int:
        """How many decisions `undo` can take back."""
        return len(self._batches)

    def decide(self, verb: Verb, ids: Sequence[str], shown_as: ReviewState | None) -> Outcome:
        """Do it to each; a fault of one never stops the rest. `shown_as`: how they stood, where that matters."""
        outcome, steps = Outcome(verb), []
        with self._lock, self._decisions() as decisions:
            for record_id in ids:
                try:
                    steps.append(self._decide_one(verb, record_id, shown_as, decisions))
                    outcome.done.append(record_id)
                except ImgwatchError as fault:
                    outcome.failed[record_id] = str(fault)
            if steps:
                self._batches = [*self._batches, (verb, steps)][-_MOST_UNDONE:]
        self._index.refresh()
        return outcome

    def _decide_one(
        self, verb: Verb, record_id: str, shown_as: ReviewState | None, decisions: Decisions
    ) -> Decided:
        record = self._index.get(record_id)
        if record is None:
            raise RecordMissing("it is no longer in quarantine: somebody else was quicker")
        if verb is Verb.RESTORE:
            return decisions.restore(record, expected=shown_as)
        return decisions.mark(record, _STATES[verb], expected=shown_as)

    def undo(self) -> Outcome:
        """Take the last batch back. What cannot be undone says why, and is not tried again."""
        with self._lock, self._decisions() as decisions:
            if not self._batches:
                return Outcome("nothing")
            verb, steps = self._batches.pop()
            outcome = Outcome(verb)
            for step in steps:
                try:
                    outcome.done.append(decisions.undo(step).id)
                except ImgwatchError as fault:
                    outcome.failed[step.record.id] = str(fault)
        self._index.refresh()
        return outcome

    def empty(self) -> Outcome:
        """Delete for good what is in the bin. This cannot be undone, and what led there no more either."""
        outcome = Outcome("empty")
        with self._lock, self._decisions() as decisions:
            emptied = decisions.empty()
            outcome.done = [record.id for record in emptied.deleted]
            outcome.failed = {record_id: str(fault) for record_id, fault in emptied.failed.items()}
            gone = set(outcome.done)
            kept = [(verb, [s for s in steps if s.record.id not in gone]) for verb, steps in self._batches]
            self._batches = [(verb, steps) for verb, steps in kept if steps]
        self._index.refresh()
        return outcome
