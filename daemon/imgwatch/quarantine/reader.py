"""Read the quarantine without changing it: records, history, and what is wrong. Works on a read-only folder.

What it reads may be hostile: a record that is not one of ours is reported and never followed.
"""

from __future__ import annotations

import fcntl
import logging
import os
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from imgwatch.errors import (
    FormatTooNew,
    IoFailed,
    RecordAmbiguous,
    RecordMalformed,
    RecordMissing,
    Unavailable,
    shown,
)
from imgwatch.files import FolderEntry, opened_file, opened_folder, status_of
from imgwatch.quarantine import history, journal
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.history import LogEntry, entries, whole_lines
from imgwatch.quarantine.journal import Journal, Operation
from imgwatch.quarantine.naming import aside_name, part_name
from imgwatch.quarantine.record import RECORD_SUFFIX, Record, load_record
from imgwatch.quarantine.store import LOCK, PICTURES, RECORDS, UNFINISHED_RECORD, wait_for_lock

_PATIENCE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True):
    """Something in the quarantine that should not be so; `what` and `remedy` are sentences for the user."""

    path: Path
    what: str
    remedy: str = "look at it; imgwatch leaves it alone"


class Finder:
    """Finds records by the first characters of their ids."""

    def __init__(self, path: Path, records: Sequence[Record]) -> None:
        self._path = path
        self._records = sorted(records, key=lambda record: record.id)
        self._ids = [record.id for record in self._records]

    def __call__(self, prefix: str) -> Record:
        """Return the record whose id begins with `prefix`; raises RecordMissing or RecordAmbiguous."""
        begin = bisect_left(self._ids, prefix)
        end = bisect_left(self._ids, prefix + "g") if prefix else begin  # behind the last hexadecimal digit
        if end == begin:
            raise RecordMissing(
                f"no picture in {shown(self._path)} has an id that begins with {shown(prefix)}"
            )
        if end - begin > 1:
            raise RecordAmbiguous(f"{end - begin} ids begin with {prefix}; write more of the id")
        return self._records[begin]


def read_records(path: Path) -> list[Record]:
    """Read all usable records, oldest first; the others are named in the log."""
    records, bad = _read_all(path)
    for problem in bad:
        _log.warning("%s %s", shown(problem.path), problem.what)
    return records


def read_some(path: Path, names: Iterable[str]) -> list[Record]:
    """Read the records in files of these names, as far as they are there and usable."""
    records: list[Record] = []
    try:
        with _with_clear_errors(path), opened_folder(path.resolve(), [RECORDS]) as folder:
            for name in names:
                _read_one(folder, name, path, records, [])
    except FileNotFoundError:
        return []
    return records


def _read_all(path: Path) -> tuple[list[Record], list[Problem]]:
    records: list[Record] = []
    bad: list[Problem] = []
    try:
        with _with_clear_errors(path), opened_folder(path.resolve(), [RECORDS]) as folder:
            for name in sorted(os.listdir(folder)):
                _read_one(folder, name, path, records, bad)
    except FileNotFoundError:
        return [], []
    return sorted(records, key=lambda record: (record.quarantined_at, record.file)), bad


def _read_one(folder: int, name: str, path: Path, records: list[Record], bad: list[Problem]) -> None:
    try:
        records.append(load_record(folder, name))
    except FileNotFoundError:
        return  # taken away since the folder was listed
    except (RecordMalformed, FormatTooNew) as fault:
        bad.append(Problem(path / RECORDS / name, str(fault)))
    except OSError as fault:
        bad.append(Problem(path / RECORDS / name, f"cannot be read: {fault.strerror}"))


def present_names(path: Path) -> set[str]:
    """Return the names of the regular files in pictures/, which costs less than to look at each."""
    try:
        with (
            _with_clear_errors(path),
            opened_folder(path.resolve(), [PICTURES]) as folder,
            os.scandir(folder) as pictures,
        ):
            return {picture.name for picture in pictures if picture.is_file(follow_symlinks=False)}
    except FileNotFoundError:
        return set()


def present_pictures(path: Path) -> dict[str, os.stat_result]:
    """Return the regular files in pictures/, by name."""
    try:
        with _with_clear_errors(path), opened_folder(path.resolve(), [PICTURES]) as folder:
            statuses = ((name, status_of(FolderEntry(folder, name, path))) for name in os.listdir(folder))
            return {name: status for name, status in statuses if status and stat.S_ISREG(status.st_mode)}
    except FileNotFoundError:
        return {}


def read_history(path: Path) -> Iterator[LogEntry]:
    """Yield what happened, oldest first; lines that are torn or not ours are passed over."""
    try:
        with opened_folder(path.resolve()) as root, opened_file(FolderEntry(root, history.NAME, path)) as log:
            yield from entries(line for _, line in whole_lines(log, 0, os.fstat(log).st_size))
    except FileNotFoundError:
        return


@contextmanager
def committed_log(path: Path) -> Iterator[tuple[int, int] | None]:
    """Yield the open log and the length that is certain: an operation under way may yet be undone. None: no log."""
    with ExitStack() as stack:
        with _with_clear_errors(path):
            committed = _committed(stack, path)
        yield committed


def _committed(stack: ExitStack, path: Path) -> tuple[int, int] | None:
    try:
        root = stack.enter_context(opened_folder(path.resolve()))
        log = stack.enter_context(opened_file(FolderEntry(root, history.NAME, path / history.NAME)))
    except FileNotFoundError:
        return None
    with suppress(FileNotFoundError, Unavailable):  # a stopped process must not keep anybody from looking
        lock = stack.enter_context(opened_file(FolderEntry(root, LOCK, path / LOCK)))
        wait_for_lock(lock, path, fcntl.LOCK_SH, _PATIENCE_SECONDS)
    end = os.fstat(log).st_size
    operation = _operation_under_way(root, path)
    return log, min(end, operation.log_bytes) if operation else end


def _operation_under_way(root: int, path: Path) -> Operation | None:
    try:
        with opened_file(FolderEntry(root, journal.NAME, path / journal.NAME)) as opened:
            return Journal(opened, FileOps(), FolderEntry(root, journal.NAME, path)).read()
    except FileNotFoundError:
        return None


@contextmanager
def _with_clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as fault:
        raise IoFailed(f"cannot read the quarantine {shown(path)}: {fault.strerror}") from fault


def find_problems(path: Path) -> list[Problem]:
    """Return malformed records, records without a picture, pictures without a record, and leftovers.

    Files of an interrupted operation are no problem: whoever takes the lock next finishes or undoes it.
    """
    records, problems = _read_all(path)
    operations = _operations_under_way(path)
    busy = {file for operation in operations for file in _files_of(operation)}
    pictures = present_names(path)
    recorded = {record.file for record in records}
    for file in sorted(recorded - pictures - busy):
        problems.append(Problem(path / RECORDS / (file + RECORD_SUFFIX), "is a record without a picture"))
    companions = {companion.file: record for record in records for companion in record.companions}
    for file in sorted(companions.keys() - pictures - busy):
        problems.append(
            Problem(path / PICTURES / file, f"is gone, which came with {shown(companions[file].file)}")
        )
    for file in sorted(pictures - recorded - companions.keys() - busy):
        problems.append(Problem(path / PICTURES / file, "has no record, so nobody knows where it came from"))
    if not operations and (path / UNFINISHED_RECORD).exists():
        problems.append(Problem(path / UNFINISHED_RECORD, "is an unfinished record"))
    for operation in operations:
        problems.append(
            Problem(
                path / journal.NAME,
                f"holds an interrupted operation: {shown(operation.file)}, {operation.event}",
                "nothing is lost: imgwatch finishes or undoes it when it starts, or before it next moves something",
            )
        )
    return problems


def _files_of(operation: Operation) -> Iterator[str]:
    """Yield the names that an operation may have in pictures/."""
    yield from operation.files
    for move_id in operation.move_ids():
        yield part_name(move_id)
        yield aside_name(move_id)


def _operations_under_way(path: Path) -> list[Operation]:
    """Return the operations that were begun and are not finished, the latest first."""
    try:
        with (
            opened_folder(path.resolve()) as root,
            opened_file(FolderEntry(root, journal.NAME, path / journal.NAME)) as opened,
        ):
            begun = Journal(opened, FileOps(), FolderEntry(root, journal.NAME, path))
            last = begun.read()
            return [*([] if last is None else [last]), *begun.parked()]
    except FileNotFoundError:
        return []
