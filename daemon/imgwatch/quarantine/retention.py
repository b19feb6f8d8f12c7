"""Which pictures in quarantine have outstayed the limits that the user set. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from imgwatch.quarantine.record import Record


def overdue(
    records: Sequence[Record], keep_days: float | None, now: datetime, newest: datetime | None
) -> list[Record]:
    """Give those kept longer than `keep_days`; none by a clock that is behind what the log has seen.

    A record from the future is kept: either it or the clock is wrong.
    """
    if keep_days is None or (newest is not None and now < newest):
        return []
    return [record for record in records if now - record.quarantined_at > timedelta(days=keep_days)]


def beyond(
    records: Sequence[Record], kept: Sequence[Record], file_sizes: Mapping[str, int], max_bytes: int | None
) -> list[Record]:
    """Give the oldest that must go so that the rest fits beside what is `kept`, companions included.

    `file_sizes`: what the disk says, by names in quarantine.
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
