"""Follow the user's decisions, and teach them to the judge: read the log, embed, learn, at once.

The examples are kept in the ledger; `correction` learns from them. It moves nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from imgwatch.errors import UsageError
from imgwatch.feedback.correction import Correction, Example
from imgwatch.judgement import ReasonCode
from imgwatch.ledger import Ledger
from imgwatch.ledger.feedback import Remembered
from imgwatch.lifecycle import TAKES_BACK, TEACHES, Event, Teaching
from imgwatch.picture.decoding import Decoded
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.history import LogEntry

if TYPE_CHECKING:
    from imgwatch.judging import Judge

log = logging.getLogger(__name__)

MOST_EXAMPLES = 400  # the latest; more teach little and cost time


class FeedbackLearner:
    """Keeps a judge's correction up to date. `refresh` is cheap without new decisions."""

    def __init__(self, quarantine: Quarantine, ledger: Ledger) -> None:
        self._quarantine = quarantine
        self._ledger = ledger
        self._taught: tuple[str, float, int] | None = None  # model, threshold, decisions known
        self._followed_bytes = 0  # up to where the log was read

    def refresh(self, judge: Judge) -> bool:
        """Learn from new decisions, and correct the judge; return whether there is something learned."""
        self._follow(judge)
        state = (judge.scorer.name, judge.threshold, self._ledger.feedback.changes())
        if state == self._taught and judge.correction is not None:
            return False
        examples = list(self._examples(judge))
        judge.correction = Correction.learn(examples, judge.scorer.reference_set, judge.threshold)
        self._taught = state
        if examples:
            log.info("%s", judge.correction.summary)
        return bool(examples)

    def _follow(self, judge: Judge) -> None:
        """Read the decisions that were appended to the log."""
        if self._quarantine.log_bytes() == self._followed_bytes:
            return
        log = self._quarantine.log_name()
        if log is None:
            return
        entries, end = self._quarantine.events_since(self._ledger.facts.feedback_offset(log))
        wanted = [entry for entry in entries if entry.event in TEACHES or entry.event in TAKES_BACK]
        fresh = [entry for entry in wanted if _teaches(entry)][-MOST_EXAMPLES:]
        for entry in wanted:
            if entry.event in TAKES_BACK:
                self._ledger.feedback.forget(entry.record.sha256, TAKES_BACK[entry.event] is Teaching.JUNK)
            elif entry in fresh:
                self._learn(entry, judge)
        self._ledger.facts.put_feedback_offset(log, end)
        self._followed_bytes = end

    def _learn(self, entry: LogEntry, judge: Judge) -> None:
        record = entry.record
        is_junk = TEACHES[entry.event] is Teaching.JUNK
        path = self._quarantine.picture(record) if is_junk else entry.went_to
        judge.on_progress()  # so that the daemon shows that it is alive
        decoded = judge.decoder.look_at(path, judge.contract.shape)
        if isinstance(decoded, Decoded) and decoded.sha256 == record.sha256:
            _, _, embeddings = judge.scorer.embed(decoded.pixels[None])
            vector = (judge.scorer.name, embeddings[0].astype(np.float16).tobytes())
        elif entry.event is Event.DELETED:
            vector = (
                "",
                b"",
            )  # gone for good: a copy is known by its digest, and one that is nearly the same is not
        else:
            return  # moved away or changed since
        self._ledger.feedback.remember(Remembered(record.sha256, is_junk, entry.at.timestamp(), *vector))

    def _examples(self, judge: Judge) -> Iterator[Example]:
        """Yield the latest decisions; only the digest counts if another model made the embedding."""
        for sha256, is_junk, at, model, vector in self._ledger.feedback.latest(MOST_EXAMPLES):
            known = np.frombuffer(vector, dtype=np.float16).astype(np.float32)
            yield Example(sha256, is_junk, at, known if model == judge.scorer.name else None)


def _teaches(entry: LogEntry) -> bool:
    """Return whether a decision says what is junk or normal.

    A deleted copy does not: it shows what its original shows, which stays.
    """
    is_junk = TEACHES.get(entry.event) is Teaching.JUNK
    return entry.event in TEACHES and not (
        is_junk and entry.record.judgement.reason.code is ReasonCode.DUPLICATE
    )


def forget(quarantine: Quarantine, ledger: Ledger) -> int:
    """Forget all that was learned, and learn only from later decisions; return how many were forgotten."""
    number = len(ledger.feedback.latest(1 << 30))
    if number == 0:
        raise UsageError("nothing was learned yet, so there is nothing to forget")
    ledger.feedback.forget_all()
    ledger.facts.put_feedback_offset(quarantine.log_name(), quarantine.log_bytes())
    return number
