"""What the gallery's user decides: about one picture or many at once, each undone as one.

How a decision is carried out, `imgwatch.decisions` knows; how it is shown, `app`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec

from imgwatch.decisions import Decided, Decisions
from imgwatch.duplicates.ranking import Because
from imgwatch.errors import ImgwatchError, RecordMissing
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode
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


_SWAPPED = {
    "width": "kept_width", "height": "kept_height", "kept_width": "width", "kept_height": "height",
}  # fmt: skip


@dataclass
class Outcome:
    """What became of a request: the ids that were done, and why the others were not."""

    verb: str
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    batch: str | None = None  # by which it can be undone

    def as_json(self) -> dict[str, object]:
        """Return it as the page's JSON: each reason once."""
        return {"verb": self.verb, "done": self.done, "failed": self.failed}


class Batch(NamedTuple):
    """What was decided at once, and is undone at once."""

    id: str
    verb: str
    steps: list[Decided]


@dataclass(frozen=True)
class Kept:
    """A picture that was kept because others were copies of it: the version that is shown, and what goes with it."""

    path: Path
    identity: Identity
    companions: Sequence[str]

    def judged_a_copy_of(self, record: Record, path: Path) -> Judgement:
        """Return what its record says once it has gone for the copy of this record, restored to `path`."""
        figures = dict(record.judgement.reason.figures)
        swapped = {ours: figures[theirs] for ours, theirs in _SWAPPED.items() if theirs in figures}
        kept = str(path).encode(errors="backslashreplace").decode()
        reason = Reason(
            ReasonCode.DUPLICATE, swapped | {"kept": kept, "because": str(Because.CHOSEN), "exact": False}
        )
        return msgspec.structs.replace(record.judgement, reason=reason, sha256=None)


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
        self._batches: list[Batch] = []

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
            outcome.batch = self._remembered(verb, steps)
        self._index.refresh()
        return outcome

    def replace_kept(self, record_id: str, kept: Kept, shown_as: ReviewState) -> Outcome:
        """Restore a copy, and then move the picture that was kept in its stead: if that cannot be, both stay."""
        outcome, steps = Outcome(INSTEAD), []
        with self._lock, self._decisions() as decisions:
            try:
                copy = self._decide_one(Verb.RESTORE, record_id, shown_as, decisions)
                steps.append(copy)
                outcome.done.append(record_id)
                assert copy.restored_to is not None
                judgement = kept.judged_a_copy_of(copy.record, copy.restored_to)
                steps.insert(0, decisions.take_out(kept.path, kept.identity, judgement, kept.companions))
            except ImgwatchError as fault:
                outcome.failed[record_id] = str(fault)
            outcome.batch = self._remembered(INSTEAD, steps)
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

    def _remembered(self, verb: str, steps: list[Decided]) -> str | None:
        """Remember what was done, in the order in which it is undone, and return by what; None if there is nothing."""
        if not steps:
            return None
        batch = Batch(secrets.token_hex(8), verb, steps)
        self._batches = [*self._batches, batch][-_MOST_UNDONE:]
        return batch.id

    def undo(self, batch_id: str | None = None) -> Outcome:
        """Take a batch back, the last one by default. What cannot be undone says why, and is not tried again."""
        with self._lock, self._decisions() as decisions:
            batch = next((one for one in reversed(self._batches) if batch_id in (None, one.id)), None)
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
        """Delete for good what is in the bin. This cannot be undone, and what led there no more either."""
        outcome = Outcome("empty")
        with self._lock, self._decisions() as decisions:
            emptied = decisions.empty()
            outcome.done = [record.id for record in emptied.deleted]
            outcome.failed = {record_id: str(fault) for record_id, fault in emptied.failed.items()}
            gone = set(outcome.done)
            kept = [
                one._replace(steps=[step for step in one.steps if step.record.id not in gone])
                for one in self._batches
            ]
            self._batches = [one for one in kept if one.steps]
        self._index.refresh()
        return outcome
