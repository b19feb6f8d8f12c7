"""The log of the quarantine: one JSON line for each thing that happened to a picture, append-only.

`lifecycle` defines what it adds up to, `store` who may write when.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed
from imgwatch.lifecycle import Event, Happening, Reducer
from imgwatch.quarantine.encoding import decode_json, encode_json, parse_time, rfc3339
from imgwatch.quarantine.fields import is_plain_path
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record

NAME = "log.jsonl"
SCHEMA = 3  # of a line; what it means, and what came when: docs/formats.md
_EVENTS = {str(event): event for event in Event}
_CHUNK_BYTES = 1 << 20
_LONGEST_LINE_BYTES = 2 << 20  # a record of 1 MB at most, and what is around it
_log = logging.getLogger(__name__)


class LogEntry(msgspec.Struct, frozen=True):
    """One line: what happened when to which picture."""

    event: Event
    at: datetime
    record: Record
    to: str | None = None  # where a picture went that left the quarantine, if not where it came from

    @property
    def went_to(self) -> Path:
        """Return where the picture went that this line says was restored, or moved on."""
        return Path(self.to or self.record.original)


class Log:
    """The open log file, to be written under the quarantine's lock only."""

    def __init__(self, descriptor: int, file_ops: FileOps) -> None:
        self.descriptor = descriptor
        self._file_ops = file_ops

    @property
    def size_bytes(self) -> int:
        """Return the present length."""
        return os.fstat(self.descriptor).st_size

    def flush(self) -> None:
        """Wait until every line is on the disk, also one whose writer did not learn that it is."""
        self._file_ops.sync(self.descriptor)

    def append(self, event: Event, at: datetime, record: Record, to: str | None = None) -> None:
        """Write one line and wait until it is on the disk; if that fails, remove it again, as far as possible."""
        fields = {"schema": SCHEMA, "event": event, "at": rfc3339(at), "record": record.to_json()}
        line = encode_json(fields if to in (None, record.original) else fields | {"to": to})
        end = self.size_bytes
        if end and os.pread(self.descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line  # a torn line, not ours to remove, stays a line of its own
        try:
            self._file_ops.write(self.descriptor, line, end)
            self.flush()
        except OSError:
            with suppress(OSError):
                self._file_ops.truncate(self.descriptor, end)
                self.flush()
            raise

    def drop_torn_end(self, offset: int) -> None:
        """Cut off an incomplete line after `offset`: nobody can have been told that it happened."""
        begin = self._line_begin(offset)
        written = os.pread(self.descriptor, self.size_bytes - begin, begin)
        if written and not written.endswith(b"\n"):
            self._file_ops.truncate(self.descriptor, begin + written.rfind(b"\n") + 1)

    def line_of(self, event: Event, record_id: str, offset: int) -> Record | None:
        """Return the record of a line of this event after `offset`, unless a later line withdraws it."""
        noted: Record | None = None
        for _, line in whole_lines(self.descriptor, self._line_begin(offset), self.size_bytes):
            entry = read_entry(line)
            if entry is None or entry.record.id != record_id:
                continue
            if entry.event is event:
                noted = entry.record
            elif entry.event is Event.WITHDRAWN:
                noted = None
        return noted

    def _line_begin(self, offset: int) -> int:
        """Return where the line that holds `offset` begins: a log that lost its end is shorter, and grows again."""
        end = min(offset, self.size_bytes)
        if end == 0 or os.pread(self.descriptor, 1, end - 1) == b"\n":
            return end
        begin = max(0, end - _LONGEST_LINE_BYTES)
        return begin + os.pread(self.descriptor, end - begin, begin).rfind(b"\n") + 1


class _RecordKey(msgspec.Struct, gc=False):
    id: str
    sha256: str


class _Line(msgspec.Struct, gc=False):
    event: str
    record: _RecordKey
    schema: int = 1


_LINE = msgspec.json.Decoder(
    _Line
)  # skips what the reducer does not need: a tenth of the time of a whole entry


class ReviewHistory:
    """What the log adds up to, read from it by increments, by whatever process it was written."""

    def __init__(self) -> None:
        self.reducer = Reducer()
        self._offset = 0

    def update(self, descriptor: int, end: int) -> Reducer:
        """Read what was appended since, up to the byte `end`, and return what is known now."""
        if (
            end < self._offset
        ):  # somebody took the log away: begin again, but go on leaving alone what was restored
            self.reducer, self._offset = Reducer(self.reducer.restored), 0
        for offset, line in whole_lines(descriptor, self._offset, end):
            self._offset = offset
            try:
                read = _LINE.decode(line)
            except (msgspec.DecodeError, RecursionError):
                continue  # torn, or not ours: `read_entry` says so where it matters
            _check_schema(read.schema)
            if read.event in _EVENTS:
                self.note(_EVENTS[read.event], read.record.id, read.record.sha256)
        return self.reducer

    def note(self, event: Event, record_id: str, sha256: str) -> None:
        """Apply one line; skip one that cannot follow those before it."""
        if not self.reducer.note(Happening(event, record_id, sha256)):
            _log.warning("%s: %s of %s cannot follow here, and is skipped", NAME, event, record_id)


def _check_schema(schema: object) -> None:
    if isinstance(schema, int) and schema > SCHEMA:
        raise FormatTooNew(
            f"{NAME} of the quarantine has lines of schema {schema}; this version of imgwatch knows {SCHEMA}: "
            "install a newer one. Nothing was changed"
        )


def entries(lines: Iterable[bytes]) -> Iterator[LogEntry]:
    """Yield what happened, without lines that the next one withdraws."""
    last: LogEntry | None = None
    for line in lines:
        entry = read_entry(line)
        if entry is None:
            continue
        if entry.event is Event.WITHDRAWN:
            if last is not None and last.record.id == entry.record.id:
                last = None
            continue
        if last is not None:
            yield last
        last = entry
    if last is not None:
        yield last


def whole_lines(descriptor: int, offset: int, end_of_log: int) -> Iterator[tuple[int, bytes]]:
    """Yield the complete lines from `offset` on, each with the offset after it; a torn last line is left out.

    It never holds more than two chunks: a line longer than one, which is not ours, comes as an empty one.
    """
    rest, position, skipped = b"", offset, 0
    while chunk := os.pread(descriptor, max(0, min(_CHUNK_BYTES, end_of_log - position)), position):
        position += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        end = offset
        for line in lines:
            end += skipped + len(line) + 1
            yield end, b"" if skipped else line
            skipped = 0
        offset = end
        if len(rest) > _CHUNK_BYTES:
            if not skipped:
                _log.warning("%s: a line is longer than %d bytes and is skipped", NAME, _CHUNK_BYTES)
            rest, skipped = b"", skipped + len(rest)


def read_entry(line: bytes) -> LogEntry | None:
    """Read a line; None, and a warning in the log, for one that this program did not write."""
    if not line.strip():
        return None
    try:
        fields = cast(dict[str, Any], decode_json(line))
        _check_schema(fields.get("schema", 1))
        to = fields.get("to")
        return LogEntry(
            Event(fields["event"]),
            parse_time(fields["at"]),
            Record.from_json(fields["record"]),
            to if isinstance(to, str) and is_plain_path(to) else None,
        )
    except (RecordMalformed, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        _log.warning("%s: a line is not usable and is skipped: %s", NAME, error)
        return None
