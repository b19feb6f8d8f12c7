"""The log of the quarantine: one JSON line for each thing that happened to a picture, append-only.

It is also the memory of what the user restored. Who may write when, `store` knows.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import msgspec

from imgwatch.errors import RecordMalformed
from imgwatch.quarantine.file_ops import RealMover
from imgwatch.quarantine.journal import Event
from imgwatch.quarantine.record import Record, decode_json, encode_json, parsed_time, rfc3339

NAME = "log.jsonl"
_CHUNK_BYTES = 1 << 20
_DIGEST = re.compile(rb'"sha256": "([0-9a-f]{64})"')
_log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True):
    """One line: what happened when to which picture."""

    event: Event
    at: datetime
    record: Record


class Log:
    """The open log file, to be written under the quarantine's lock only."""

    def __init__(self, descriptor: int, mover: RealMover) -> None:
        self.descriptor = descriptor
        self._mover = mover

    @property
    def size_bytes(self) -> int:
        """Give its present length."""
        return os.fstat(self.descriptor).st_size

    def append(self, event: Event, at: datetime, record: Record) -> None:
        """Write one line and wait until it is on the disk."""
        line = encode_json({"event": event, "at": rfc3339(at), "record": record.to_json()})
        end = self.size_bytes
        if end and os.pread(self.descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line  # a torn line, not ours to remove, stays a line of its own
        self._mover.write(self.descriptor, line, end)
        self._mover.sync(self.descriptor)

    def ends_after(self, offset: int) -> bool:
        """Tell whether a whole line was written behind `offset`."""
        written = os.pread(self.descriptor, max(0, self.size_bytes - offset), offset)
        return bool(written.strip()) and written.endswith(b"\n")

    def withdraw(self, offset: int) -> None:
        """Take back what an operation wrote that did not happen."""
        if self.size_bytes > offset:
            self._mover.truncate(self.descriptor, offset)


class Restored:
    """The digests that the user restored and did not take back, read from the log by increments."""

    def __init__(self) -> None:
        self._digests: set[str] = set()
        self._offset = 0

    def update(self, descriptor: int, end: int) -> None:
        """Read what was appended since, by whatever process, up to `end`. To be called under the lock."""
        if end < self._offset:
            self._offset = 0  # somebody took the log away: begin again, forget nothing
        for offset, line in whole_lines(descriptor, self._offset, end):
            self._offset = offset
            if b'"restored"' in line and (entry := read_entry(line)) and entry.event is Event.RESTORED:
                self._digests.add(entry.record.sha256)
            elif self._digests and b'"quarantined"' in line and (taken := _DIGEST.search(line)):
                self._digests.discard(taken[1].decode())  # only an undone restore quarantines it again

    def __contains__(self, digest: str) -> bool:
        return digest in self._digests


def whole_lines(descriptor: int, offset: int, end_of_log: int) -> Iterator[tuple[int, bytes]]:
    """Yield the whole lines from `offset` on, each with the offset behind it; a torn last one is not.

    Never holds more than one chunk and one line.
    """
    rest, position = b"", offset
    while chunk := os.pread(descriptor, min(_CHUNK_BYTES, end_of_log - position), position):
        position += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        end = offset
        for line in lines:
            end += len(line) + 1
            yield end, line
        offset = end


def read_entry(line: bytes) -> Entry | None:
    """Read a line; None, and a word in the log, for one that this program did not write."""
    if not line.strip():
        return None
    try:
        fields = cast(dict[str, Any], decode_json(line))
        return Entry(Event(fields["event"]), parsed_time(fields["at"]), Record.from_json(fields["record"]))
    except (RecordMalformed, KeyError, TypeError, ValueError, OverflowError) as error:
        _log.warning("%s: a line is not usable and is passed over: %s", NAME, error)
        return None
