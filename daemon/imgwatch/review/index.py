"""The content of the quarantine in memory, kept current by the log: no request reads the folder again.

It changes nothing; the user's decisions go through `decisions`.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from imgwatch.lifecycle import Event, ReviewState
from imgwatch.quarantine import Quarantine, reader
from imgwatch.quarantine.history import LogEntry, ReviewHistory
from imgwatch.quarantine.record import Record


@dataclass(frozen=True)
class Changes:
    """Changes since a version: pictures that are new or in another state, and ids that are gone."""

    version: int
    records: list[Record]
    gone: list[str]


class ReviewIndex:
    """The records by id, with their review states. Safe to use from several threads."""

    def __init__(self, quarantine: Quarantine) -> None:
        self._quarantine = quarantine
        self._lock = threading.RLock()
        self._records: dict[str, Record] = {}
        self._history = ReviewHistory()
        self._seen: tuple[int, int] | None = None
        self._offset = 0
        self._steps: list[tuple[int, str]] = []  # (version, id), ascending
        self.version = 0
        self._load()

    def _load(self) -> None:
        """Read the log, then the records: what happens in between is seen twice, never missed."""
        entries, self._offset = self._quarantine.events_since(0)
        self._note(entries)
        present = reader.present_names(self._quarantine.path)
        records = reader.read_records(self._quarantine.path)
        self._records = {record.id: record for record in records if record.file in present}

    def refresh(self) -> bool:
        """Read what any process has appended to the log; return whether there was anything."""
        with self._lock:
            seen = self._log_size()
            if seen == self._seen:
                return False
            entries, self._offset = self._quarantine.events_since(self._offset)
            self._seen = seen
            self._note(entries)
            for entry in entries:
                self._take_in(entry)
            return bool(entries)

    def _note(self, entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            self._history.note(entry.event, entry.record.id, entry.record.sha256)

    def _log_size(self) -> tuple[int, int] | None:
        try:
            status = (self._quarantine.path / "log.jsonl").stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _take_in(self, entry: LogEntry) -> None:
        if not self._history.reducer.state(entry.record.id).is_in_quarantine:
            if self._records.pop(entry.record.id, None) is None:
                return
        elif entry.event in (Event.QUARANTINED, Event.JOINED):
            self._records[entry.record.id] = entry.record
        self.touch([entry.record.id])

    def touch(self, ids: list[str]) -> None:
        """Note that these pictures must be shown anew."""
        with self._lock:
            self.version += 1
            self._steps.extend((self.version, record_id) for record_id in ids)

    def changes(self, since: int) -> Changes:
        """Return the changes since a version; everything for an unknown version."""
        with self._lock:
            if not 0 <= since <= self.version:
                return Changes(self.version, list(self._records.values()), [])
            begin = bisect_right(self._steps, since, key=lambda step: step[0])
            changed = dict.fromkeys(record_id for _, record_id in self._steps[begin:])
            present = [self._records[record_id] for record_id in changed if record_id in self._records]
            return Changes(self.version, present, [i for i in changed if i not in self._records])

    def all(self) -> Changes:
        """Return everything in quarantine, as changes."""
        return self.changes(-1)

    def get(self, record_id: str) -> Record | None:
        """Return a record; None if it is not in quarantine."""
        with self._lock:
            return self._records.get(record_id)

    def state(self, record_id: str) -> ReviewState:
        """Return the review state of a picture."""
        with self._lock:
            return self._history.reducer.state(record_id)

    def counts(self) -> dict[str, int]:
        """Return how many pictures are in each review state."""
        with self._lock:
            return Counter(str(self._history.reducer.state(record_id)) for record_id in self._records)

    def __len__(self) -> int:
        return len(self._records)
