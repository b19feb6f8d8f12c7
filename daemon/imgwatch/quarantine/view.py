"""A quarantine as it can be read without a right to write: what lies there, its state, what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from imgwatch.errors import ImgwatchError
from imgwatch.lifecycle import Event, Reducer, ReviewState
from imgwatch.quarantine import reader
from imgwatch.quarantine.history import LogEntry, ReviewHistory, entries, whole_lines
from imgwatch.quarantine.moved import Line, Moved, MovedNames, moved_on
from imgwatch.quarantine.namesakes import Namesakes
from imgwatch.quarantine.reader import Finder, Problem
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.selecting import Selector

Records = list[Record]


class Decision(NamedTuple):
    """What the user decided about a picture, the picture's record, and where it went if it was restored."""

    event: Event
    record: Record
    restored_to: Path | None


class QuarantineView:
    """A quarantine folder, read without its lock: each answer is true of one moment. It need not exist yet."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().absolute()
        self._reviews = ReviewHistory()
        self._namesakes = Namesakes(self.path)
        self._moved_names = MovedNames()

    def moved(self) -> Sequence[Moved]:
        """Return what was moved on and not taken back, oldest first, with its path."""
        return moved_on(self.history(), self._read_reviews())

    def find_moved(self, record_id: str) -> Moved | None:
        """Return what was moved on under this id; None if it was not, or is back."""
        return next((item for item in self.moved() if item.record.id == record_id), None)

    def moved_beside(self, path: Path) -> Mapping[str, Line]:
        """Return which pictures were moved on from the folder of a file whose names begin as its own, by these names.

        While the log cannot be read, what it said before counts.
        """
        with suppress(ImgwatchError, OSError), reader.committed_log(self.path) as opened:
            if opened is not None:
                self._moved_names.update(*opened)
        return self._moved_names.beside(path)

    def read_moved(self, line: Line) -> Moved | None:
        """Return the moved picture of a line of the log; None if that cannot be read, or is another by now."""
        with suppress(ImgwatchError, OSError), reader.committed_log(self.path) as opened:
            if opened is not None:
                return line.read(opened[0])
        return None

    def on_the_way(self) -> Records:
        """Return the records that are in quarantine only because the move to their destination was interrupted."""
        return [record for record in self.list() if record.destination and self._is_open(record)]

    def _is_open(self, record: Record) -> bool:
        return self._reviews.reducer.state(record.id) is ReviewState.OPEN

    def review_state(self, record: Record) -> ReviewState:
        """Return the review state of a picture."""
        return self._read_reviews().state(record.id)

    def decisions(self) -> Sequence[Decision]:
        """Return the decisions that can be undone and have not been, the latest first: restores, bin, later."""
        made = [(line.event, line.id) for line in self._read_reviews().decisions()]
        lines = {(entry.event, entry.record.id): entry for entry in self.history()} if made else {}
        return [
            Decision(key[0], line.record, line.went_to if key[0] is Event.RESTORED else None)
            for key in made
            if (line := lines.get(key)) is not None
        ]

    def list(self) -> Iterator[Record]:
        """Yield the records in quarantine and not in the bin, oldest first."""
        reviews = self._read_reviews()
        yield from (r for r in self._present() if reviews.state(r.id) is not ReviewState.BINNED)

    def binned(self) -> Iterator[Record]:
        """Yield the records in the bin: deleted by the user, and not yet for good."""
        reviews = self._read_reviews()
        yield from (r for r in self._present() if reviews.state(r.id) is ReviewState.BINNED)

    def find(self, prefix: str) -> Record:
        """Return the record whose id begins with `prefix`; raises RecordMissing or RecordAmbiguous."""
        return self.finder()(prefix)

    def selector(self, states: Collection[ReviewState], folder: Path) -> Selector:
        """Return a selector by ids, names, paths and folders, all from one reading.

        `folder`: where relative paths start. Of a folder, the pictures in one of the `states` are meant; what was
        moved on is known only if MOVED is among these.
        """
        reviews = self._read_reviews()
        records = reader.read_records(self.path)
        if ReviewState.MOVED in states:
            records += [moved.record for moved in self.moved()]
        return Selector(self.path, records, lambda record: reviews.state(record.id) in states, folder)

    def finder(self) -> Callable[[str], Record]:
        """Return a function that finds records by the beginning of their ids, all from one reading of the folder."""
        return Finder(self.path, reader.read_records(self.path))

    def namesakes(self, original: Path) -> Records:
        """Return the pictures in quarantine that came from the folder of `original` under a name that begins alike."""
        return self._namesakes.of(original)

    def picture(self, record: Record) -> Path:
        """Return where the picture of a record lies now."""
        return self.path / "pictures" / record.file

    def history(self) -> Iterator[LogEntry]:
        """Yield all that happened, oldest first."""
        return reader.read_history(self.path)

    def events_since(self, offset: int) -> tuple[Sequence[LogEntry], int]:
        """Return what happened after `offset` of the log, and the offset to pass next time; begin with 0."""
        with reader.committed_log(self.path) as opened:
            if opened is None:
                return [], 0
            log, end = opened
            lines = list(whole_lines(log, offset if offset <= end else 0, end))
            return list(entries(line for _, line in lines)), lines[-1][0] if lines else offset

    def log_name(self) -> str | None:
        """Return a name of the log made from its first line, which never changes: an offset is of one log only.

        None while nothing has happened yet.
        """
        with reader.committed_log(self.path) as opened:
            first = None if opened is None else next(whole_lines(opened[0], 0, opened[1]), None)
            return None if first is None else sha256(first[1]).hexdigest()[:16]

    def log_bytes(self) -> int:
        """Return the length of the log in bytes: a change means that something happened."""
        try:
            return (self.path / "log.jsonl").stat().st_size
        except OSError:
            return 0

    def was_restored(self, sha256: str) -> bool:
        """Return whether the user has restored the picture with this digest before, by whatever process."""
        return self._read_reviews().is_restored(sha256)

    def check(self) -> Sequence[Problem]:
        """Return what is wrong in the folder: malformed records, a picture or record alone, leftovers."""
        return reader.find_problems(self.path)

    def _read_reviews(self) -> Reducer:
        with reader.committed_log(self.path) as opened:
            return self._reviews.reducer if opened is None else self._reviews.update(*opened)

    def _present(self) -> Records:
        pictures = reader.present_names(self.path)
        return [record for record in reader.read_records(self.path) if record.file in pictures]

    def _named(self, which: str | Record) -> Record:
        return which if isinstance(which, Record) else self.find(which)
