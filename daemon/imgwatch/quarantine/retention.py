"""Which pictures in quarantine exceed the limits that the user set. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine.record import Record


def is_purgeable(record: Record, state: ReviewState) -> bool:
    """Return whether a limit may delete a picture."""
    is_on_its_way = record.destination is not None and state is ReviewState.OPEN
    return state is not ReviewState.LATER and not is_on_its_way


def overdue(
    records: Sequence[Record], keep_days: float | None, now: datetime, newest: datetime | None
) -> list[Record]:
    """Return the records older than `keep_days`; none if the clock is behind the newest line of the log.

    A record from the future is kept: either it or the clock is wrong.
    """
    if keep_days is None or (newest is not None and now < newest):
        return []
    return [record for record in records if now - record.quarantined_at > timedelta(days=keep_days)]


def beyond(
    records: Sequence[Record], kept: Sequence[Record], file_sizes: Mapping[str, int], max_bytes: int | None
) -> list[Record]:
    """Return the oldest records that must go so that the rest fits into `max_bytes` beside what is `kept`.

    `file_sizes`: bytes on the disk, by names in quarantine.
    """
    if max_bytes is None:
        return []
    sizes = {record.id: sum(file_sizes.get(file, 0) for file in record.files) for record in [*records, *kept]}
    excess = sum(sizes.values()) - max_bytes
    gone: list[Record] = []
    for record in sorted(records, key=lambda record: record.quarantined_at):
        if excess <= 0:
            break
        gone.append(record)
        excess -= sizes[record.id]
    return gone
