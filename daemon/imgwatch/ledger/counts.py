"""How many pictures were judged, moved, restored and so on: since the ledger began, and on each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from imgwatch.ledger.file import LedgerFile


class Counts:
    """The tables of counters. The events of a quarantine's log are counted once, by whatever process."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def add(self, name: str, at: float) -> None:
        """Add one to a count, at a time in seconds since 1970; within the caller's transaction."""
        self._file.ask(
            "INSERT INTO counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            (name,),
        )
        self._file.ask(
            "INSERT INTO day (date, name, value) VALUES (?, ?, 1)"
            " ON CONFLICT (date, name) DO UPDATE SET value = value + 1",
            (_date(at), name),
        )

    def add_events(self, log: str, events: Iterable[tuple[str, float]], since: int, offset: int) -> None:
        """Count the events of a quarantine's log between two of its bytes, each with its time, in one transaction.

        Does nothing when another process has counted on from `since` meanwhile.
        """
        with self._file.writing():
            if self.log_offset(log) != since:
                return
            for event, at in events:
                self.add(event, at)
            self._file.ask(
                "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (f"log_offset {log}", str(offset))
            )

    def log_offset(self, log: str) -> int:
        """Return up to which byte the quarantine's log of this name has been counted."""
        rows = self._file.rows((str,), "SELECT value FROM fact WHERE name = ?", (f"log_offset {log}",))
        return self._file.parsed(int, rows[0][0]) if rows else 0

    def totals(self) -> dict[str, int]:
        """Return all counts since the ledger began."""
        return dict(self._file.rows((str, int), "SELECT name, value FROM counter"))

    def since(self, at: float) -> Counter[str]:
        """Return the counts of all days from that of `at` (seconds since 1970) on."""
        rows = self._file.rows(
            (str, int), "SELECT name, sum(value) FROM day WHERE date >= ? GROUP BY name", (_date(at),)
        )
        return Counter(dict(rows))

    def days(self, since: float) -> dict[str, dict[str, int]]:
        """Return the counts of each day since then: date (local, ISO 8601) -> name -> count."""
        days: dict[str, dict[str, int]] = {}
        rows = self._file.rows(
            (str, str, int),
            "SELECT date, name, value FROM day WHERE date >= ? ORDER BY date",
            (_date(since),),
        )
        for date, name, value in rows:
            days.setdefault(date, {})[name] = value
        return days


def _date(at: float) -> str:
    """Return the local day, or the first or last one for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(at).astimezone().date().isoformat()
    except (OverflowError, ValueError, OSError):
        return (datetime.min if at < 0 else datetime.max).date().isoformat()
