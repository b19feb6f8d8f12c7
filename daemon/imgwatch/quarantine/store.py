"""The quarantine's folder, open for writing: its lock, its two folders, the journal and the log.

It makes what is missing and changes nothing else; `operations` works with it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from imgwatch.errors import MoveFailed, QuarantineUnusable, Unavailable, shown
from imgwatch.files import FolderEntry, status_of
from imgwatch.private_folder import opened_private, require_own
from imgwatch.quarantine import history, journal
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.history import Log
from imgwatch.quarantine.journal import Journal
from imgwatch.quarantine.record import RECORD_SUFFIX

PICTURES, RECORDS, LOCK, UNFINISHED_RECORD = "pictures", "records", ".lock", ".record"
LOCK_SECONDS = 20.0
OnWait = Callable[[str], None]
_MARKS = frozenset((PICTURES, RECORDS, LOCK, history.NAME))
_WHAT_TO_DO = {
    errno.ENOSPC: "make room on that file system",
    errno.EDQUOT: "make room: the quota is used up",
    errno.EACCES: "give this user the right to write both folders",
    errno.EPERM: "give this user the right to write both folders",
    errno.EROFS: "one of the two is mounted read-only: mount it for writing",
    errno.EIO: "the disk reports an error: look at the system's log",
    errno.ENOENT: "a folder is missing: mount it or make it",
}


def move_failed(fault: OSError, what: str) -> MoveFailed:
    """Return the error that says which step failed, why, and what to do."""
    remedy = _WHAT_TO_DO.get(fault.errno or 0, "try again")
    return MoveFailed(f"{what}: {fault.strerror or fault}; {remedy}", fault.errno)


class Store(msgspec.Struct):
    """What is open: the folder, its two folders, journal and log. Made by `opened_store`."""

    path: Path
    root: int
    pictures: int
    records: int
    journal: Journal
    log: Log
    file_ops: FileOps
    clock: Callable[[], datetime]

    def picture(self, file: str) -> FolderEntry:
        """Return where a picture in quarantine lies."""
        return FolderEntry(self.pictures, file, self.path / PICTURES / file)

    def record(self, file: str) -> FolderEntry:
        """Return where a picture's record lies."""
        name = file + RECORD_SUFFIX
        return FolderEntry(self.records, name, self.path / RECORDS / name)

    @property
    def unfinished_record(self) -> FolderEntry:
        """Return where a record is written before it gets its name."""
        return FolderEntry(self.root, UNFINISHED_RECORD, self.path / UNFINISHED_RECORD)

    def is_taken(self, file: str) -> bool:
        """Return whether a picture or a record has this name."""
        return status_of(self.picture(file)) is not None or status_of(self.record(file)) is not None


@contextmanager
def opened_store(  # noqa: PLR0913 - the last one is a seam, with a default
    path: Path,
    file_ops: FileOps,
    clock: Callable[[], datetime],
    lock_seconds: float,
    look: Callable[[int], None],
    on_wait: OnWait | None = None,
) -> Iterator[Store]:
    """Open the quarantine for one operation; after `look` has seen the open folder, make what is missing of it.

    Raises Unavailable if another process keeps the lock, QuarantineUnusable if the folder cannot be written,
    FolderNotOurs if it is somebody else's.
    """
    with ExitStack() as stack:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            root = stack.enter_context(opened_private(path, _MARKS))
            path = path.resolve()
            look(root)
            wait_for_lock(_file(stack, root, LOCK), path, fcntl.LOCK_EX, lock_seconds, on_wait)
            store = _open_parts(stack, root, path, file_ops, clock)
        except OSError as fault:
            failed = move_failed(fault, f"cannot write the quarantine {shown(path)}")
            raise QuarantineUnusable(str(failed), fault.errno) from fault
        yield store


def _open_parts(
    stack: ExitStack, root: int, path: Path, file_ops: FileOps, clock: Callable[[], datetime]
) -> Store:
    return Store(
        path=path,
        root=root,
        pictures=_folder(stack, root, path / PICTURES, file_ops),
        records=_folder(stack, root, path / RECORDS, file_ops),
        journal=Journal(
            _file(stack, root, journal.NAME, file_ops),
            file_ops,
            FolderEntry(root, journal.NAME, path / journal.NAME),
        ),
        log=Log(_file(stack, root, history.NAME, file_ops), file_ops),
        file_ops=file_ops,
        clock=clock,
    )


def _folder(stack: ExitStack, root: int, path: Path, file_ops: FileOps) -> int:
    if status_of(FolderEntry(root, path.name, path)) is None:
        file_ops.make_folder(root, path.name, 0o700)
        file_ops.sync(root)
    folder = os.open(path.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
    stack.callback(os.close, folder)
    require_own(folder, path)
    return folder


def _file(stack: ExitStack, root: int, name: str, file_ops: FileOps | None = None) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=root)
    except FileNotFoundError:
        try:
            descriptor = (file_ops or FileOps()).create(root, name)
        except FileExistsError:  # another process was quicker
            descriptor = os.open(name, flags, dir_fd=root)
    stack.callback(os.close, descriptor)
    if os.fstat(descriptor).st_uid != os.fstat(root).st_uid:
        require_own(descriptor, Path(name))
    return descriptor


def wait_for_lock(
    descriptor: int, path: Path, how: int, lock_seconds: float, on_wait: OnWait | None = None
) -> None:
    """Wait at most `lock_seconds` for the lock: a stopped process must not stop the daemon.

    `on_wait` is called again and again with what is waited for; what it raises ends the wait. Raises Unavailable.
    """
    until = time.monotonic() + lock_seconds
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise Unavailable(
                    f"another process is using the quarantine {shown(path)}; try again"
                ) from None
            if on_wait is not None:
                on_wait(f"waits for another process that is using the quarantine {shown(path)}")
            time.sleep(0.005)
        else:
            return
