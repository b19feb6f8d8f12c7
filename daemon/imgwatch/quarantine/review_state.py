"""How a picture in quarantine stands with the user: not decided, kept for later, or in the bin.

It is read from the quarantine's log, whose last word on a picture counts; with the log lost, all are undecided.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from imgwatch.quarantine.history import Entry, read_entry, whole_lines
from imgwatch.quarantine.journal import Event


class Standing(StrEnum):
    """Where a picture in quarantine stands."""

    OPEN = "open"
    LATER = "later"  # the user wants to look again
    BINNED = "binned"  # the user deleted it: final when the bin is emptied, until then it can be taken out


MARKS = {
    Standing.OPEN: Event.REOPENED,
    Standing.LATER: Event.POSTPONED,
    Standing.BINNED: Event.BINNED,
}
_STANDINGS = {event: standing for standing, event in MARKS.items()}
_WORDS = tuple(f'"{event}"'.encode() for event in _STANDINGS)


class Standings:
    """The standing of each id that was ever marked, read from the log by increments."""

    def __init__(self) -> None:
        self._marked: dict[str, Standing] = {}
        self._offset = 0

    def update(self, descriptor: int, end: int) -> None:
        """Read what was appended since, by whatever process, up to `end`."""
        if end < self._offset:  # somebody took the log away
            self._marked, self._offset = {}, 0
        for offset, line in whole_lines(descriptor, self._offset, end):
            self._offset = offset
            if any(word in line for word in _WORDS) and (entry := read_entry(line)):
                self.note([entry])

    def note(self, entries: Iterable[Entry]) -> None:
        """Take in what happened."""
        for entry in entries:
            if entry.event in _STANDINGS:
                self._marked[entry.record.id] = _STANDINGS[entry.event]

    def of(self, record_id: str) -> Standing:
        """Give the standing of a picture."""
        return self._marked.get(record_id, Standing.OPEN)
