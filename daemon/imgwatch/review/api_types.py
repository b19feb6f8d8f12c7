"""The types of the HTTP interface's requests and answers, from which the OpenAPI document is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from imgwatch.judgement import Kind, ReasonCode, Verdict
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine.record import Record
from imgwatch.review.decisions import Verb
from imgwatch.wording import sentence

RecordId = Annotated[str, Meta(min_length=1, max_length=64)]
Moment = Annotated[datetime, Meta(tz=True)]


class Problem(msgspec.Struct, frozen=True):
    """Why a request was refused, in a sentence."""

    error: str


class QuarantinedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in quarantine: where it came from, why it was quarantined, and its review state."""

    id: str
    original: str
    state: ReviewState
    verdict: Verdict
    score: float | None
    threshold: float | None
    reason: str
    reason_code: ReasonCode
    kind: Kind | None
    model: str
    sha256: str
    bytes: int
    quarantined_at: datetime
    companions: tuple[str, ...]

    @classmethod
    def of(cls, record: Record, state: ReviewState) -> QuarantinedPicture:
        """Return the picture of a record."""
        judgement = record.judgement
        return cls(
            id=record.id,
            original=record.original,
            state=state,
            verdict=judgement.verdict,
            score=judgement.score,
            threshold=judgement.threshold,
            reason=sentence(judgement.reason),
            reason_code=judgement.reason.code,
            kind=judgement.kind,
            model=judgement.model,
            sha256=record.sha256,
            bytes=record.size_bytes,
            quarantined_at=record.quarantined_at,
            companions=tuple(companion.name for companion in record.companions),
        )


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Selects pictures, the latest first; `after` is `next` of the page before."""

    state: ReviewState = ReviewState.OPEN
    kind: Kind | None = None
    folder: str | None = None
    text: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    after: str | None = None


class PicturePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list: `total` counts all pages, and `next` is null on the last one."""

    pictures: list[QuarantinedPicture]
    total: int
    next: str | None


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision about some pictures; with `expected`, only about those that are still in that state."""

    ids: Annotated[list[RecordId], Meta(min_length=1, max_length=1000)]
    decision: Verb
    expected: ReviewState | None = None


class DecisionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that were decided on, why others were not, and the id that undoes it (null: nothing was done)."""

    decision: Verb
    done: list[str]
    failed: dict[str, str]
    undo: str | None


class Undo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decision to undo: `undo` of its outcome."""

    undo: RecordId


class UndoOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that the pictures have now (a restored picture gets a new one), and why others stay as they are."""

    done: list[str]
    failed: dict[str, str]
