"""Which pictures were moved on to the folder for their kind, and where they went, according to the log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from imgwatch.lifecycle import Event, Reducer, ReviewState
from imgwatch.quarantine.history import LogEntry, read_entry, whole_lines
from imgwatch.quarantine.namesakes import beginning_of
from imgwatch.quarantine.record import Record

_TELLING = tuple(
    f'"{event}"'.encode() for event in (Event.MOVED, Event.TAKEN_BACK, Event.RECALLED, Event.WITHDRAWN)
)


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


class Line(NamedTuple):
    """The line of the log that says where a picture was moved to: the picture's id, and the line's bytes."""

    id: str
    offset: int
    length: int

    def read(self, log: int) -> Moved | None:
        """Read what it says in the open log; None if that is another log by now."""
        entry = read_entry(os.pread(log, self.length, self.offset))
        is_same = entry is not None and (entry.event, entry.record.id) == (Event.MOVED, self.id)
        return Moved(entry.record, entry.went_to) if entry is not None and is_same else None


class MovedNames:
    """The names that pictures had before they were moved on, each with the line that says so.

    Each line of the log is read once, and little is kept of it: a daemon may run for years.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], dict[str, Line]] = {}  # by folder and beginning: by name
        self._log: tuple[int, int] | None = None
        self._offset = 0
        self._before: tuple[str, dict[str, Line], str, Line | None] | None = (
            None  # what a withdrawal puts back
        )

    def update(self, log: int, end: int) -> None:
        """Read on in the open log, up to the offset `end`."""
        status = os.fstat(log)
        if self._log != (status.st_dev, status.st_ino) or end < self._offset:
            self._lines, self._log, self._offset = {}, (status.st_dev, status.st_ino), 0
        for offset, line in whole_lines(log, self._offset, end):
            self._offset = offset
            if any(word in line for word in _TELLING):
                self._note(line, offset - len(line) - 1)

    def beside(self, path: Path) -> Mapping[str, Line]:
        """Return the names of those pictures from the folder of a file that begin as its name does."""
        return self._lines.get((str(path.parent), beginning_of(path.name)), {})

    def _note(self, line: bytes, offset: int) -> None:
        entry = read_entry(line)
        if entry is None:
            return
        if entry.event is Event.WITHDRAWN:
            self._withdraw(entry.record.id)
            return
        if entry.event not in (Event.MOVED, Event.TAKEN_BACK, Event.RECALLED):
            return
        original = Path(entry.record.original)
        names = self._lines.setdefault((str(original.parent), beginning_of(original.name)), {})
        self._before = entry.record.id, names, original.name, names.get(original.name)
        if entry.event is Event.MOVED:
            names[original.name] = Line(entry.record.id, offset, len(line))
        elif original.name in names and names[original.name].id == entry.record.id:
            del names[original.name]

    def _withdraw(self, record_id: str) -> None:
        if self._before is None or self._before[0] != record_id:
            return
        _, names, name, line = self._before
        self._before = None
        names.pop(name, None)
        if line is not None:
            names[name] = line
