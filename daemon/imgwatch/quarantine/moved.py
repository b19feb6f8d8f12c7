"""Which pictures were moved on to the folder for their kind, and where they went, according to the log. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from imgwatch.lifecycle import Event, Reducer, ReviewState
from imgwatch.quarantine.history import LogEntry
from imgwatch.quarantine.record import Record


class Moved(NamedTuple):
    """A picture that was moved on: its record, and the path that it was moved to."""

    record: Record
    path: Path


def moved_on(history: Iterable[LogEntry], reviews: Reducer) -> Sequence[Moved]:
    """Return what was moved on and has not been taken back, in the order of the moves."""
    moved: dict[str, Moved] = {}
    for entry in history:
        moved.pop(entry.record.id, None)
        if entry.event is Event.MOVED:
            moved[entry.record.id] = Moved(entry.record, entry.went_to)
    return [item for item in moved.values() if reviews.state(item.record.id) is ReviewState.MOVED]
