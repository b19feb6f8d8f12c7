"""The pages of the HTTP interface's list: which pictures, and in what order."""

from __future__ import annotations

from pathlib import PurePosixPath

from imgwatch.quarantine.record import Record
from imgwatch.review.api_types import ListQuery, PicturePage, QuarantinedPicture
from imgwatch.review.index import ReviewIndex


def listed(index: ReviewIndex, query: ListQuery) -> PicturePage:
    """Return one page, the latest picture first. Pictures that come or go meanwhile shift no other between pages."""
    records = [record for record in index.all().records if _fits(record, query, index)]
    records.sort(key=_mark, reverse=True)
    rest = [record for record in records if query.after is None or _mark(record) < query.after]
    page = rest[: query.limit]
    return PicturePage(
        pictures=[QuarantinedPicture.of(record, index.state(record.id)) for record in page],
        total=len(records),
        next=_mark(page[-1]) if len(rest) > len(page) else None,
    )


def _mark(record: Record) -> str:
    """Return a sort key: by time, then by id."""
    return f"{round(record.quarantined_at.timestamp() * 1e6):020}-{record.id}"


def _fits(record: Record, query: ListQuery, index: ReviewIndex) -> bool:
    original = PurePosixPath(record.original)
    return (
        index.state(record.id) is query.state
        and query.kind in (None, record.judgement.kind)
        and (query.folder is None or original.is_relative_to(query.folder))
        and (query.text is None or query.text.casefold() in record.original.casefold())
        and (query.since is None or record.quarantined_at >= query.since)
        and (query.until is None or record.quarantined_at < query.until)
    )
