"""What the file system knows of a file, and the few operations that the quarantine's promises rest on.

It knows nothing of pictures and records; what the quarantine changes on the disk goes through `file_ops`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import ctypes

COARSEST_NS = 2_000_000_000  # FAT counts times of files in steps of two seconds
_CHUNK_BYTES = 1 << 20
_INT64 = (1 << 63) - 1
_RENAME_NOREPLACE = 1
_OWN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


Version = tuple[int, int, int, int]  # what an identity is made of, as the file system counts it
version_of: Callable[[os.stat_result], Version] = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns")


class Identity(NamedTuple):
    """Which version of which file: device, inode, size in bytes, modification time in nanoseconds.

    Inodes lose their highest bit, and times are held to 64 bits (the years 1677 to 2262): some file systems have
    others, and a database has not.
    """

    dev: int
    ino: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the identity in a stat result."""
        return cls.of_version(version_of(status))

    @classmethod
    def of_version(cls, version: Version) -> Self:
        """Return the identity that these numbers of a file system's make."""
        dev, ino, size, mtime_ns = version
        return cls(dev, ino & _INT64, size, max(-_INT64, min(mtime_ns, _INT64)))


class FolderEntry(NamedTuple):
    """A name in a folder that is held open; `path` says where that was when it was opened, for messages."""

    folder: int
    name: str
    path: Path


def status_of(entry: FolderEntry) -> os.stat_result | None:
    """Return the status of an entry, following no symlink; None if there is nothing."""
    try:
        return os.stat(entry.name, dir_fd=entry.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


@contextmanager
def opened_folder(root: Path, parts: Sequence[str] = ()) -> Iterator[int]:
    """Open the folder `parts` below `root`, which must be resolved already; no component of either may be a symlink."""
    steps = (*root.parts[1:], *parts)
    folder = os.open("/", _FOLDER | (os.O_PATH if steps else os.O_RDONLY))
    try:
        for number, step in enumerate(steps, 1):
            folder = step_into(folder, step, last=number == len(steps))
        yield folder
    finally:
        os.close(folder)


def step_into(folder: int, name: str, *, last: bool) -> int:
    """Return the descriptor of the folder `name` in `folder`, and close `folder` if that worked."""
    if name in ("", ".", "..") or "/" in name:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
    # O_PATH on the way down needs no right to list the folder; the last one is opened for fsync.
    below = os.open(name, _FOLDER | (os.O_RDONLY if last else os.O_PATH), dir_fd=folder)
    os.close(folder)
    return below


@contextmanager
def opened_file(entry: FolderEntry) -> Iterator[int]:
    """Open a regular file for reading, and nothing else: a FIFO or device is never opened."""
    descriptor = open_regular(entry.name, dir_fd=entry.folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_regular(path: Path | str, dir_fd: int | None = None) -> int:
    """Open a regular file for reading and return its descriptor; no link is followed, no FIFO or device ever opened.

    Raises OSError, EINVAL for what is no regular file. Folders on the way may be symlinks.
    """
    looked_at = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        if not stat.S_ISREG(os.fstat(looked_at).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.open(f"/proc/self/fd/{looked_at}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(looked_at)


def read_own(name: str, folder: int, most_bytes: int) -> bytes:
    """Read at most so much of a regular file in an open folder that only its owner may write; no link is followed.

    It takes half the time of `open_regular`, which does not even open what is no regular file; this one does, but
    waits for nobody. Raises OSError, EINVAL for what is no regular file.
    """
    try:
        descriptor = os.open(name, _OWN, dir_fd=folder)
    except OSError as fault:
        if fault.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise OSError(errno.EINVAL, "not a regular file", name) from fault
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", name)
        size = min(status.st_size + 1, most_bytes)  # the memory for `most_bytes` is not free
        return os.pread(descriptor, size, 0)
    finally:
        os.close(descriptor)


def nearest_existing(path: Path) -> Path:
    """Return a path, or the nearest existing one above it."""
    return next(ancestor for ancestor in (path, *path.parents) if ancestor.exists())


def open_unlinked(path: Path) -> int:
    """Open a regular file for reading and return its descriptor; no component of its absolute path may be a symlink.

    Never blocks on a FIFO. Raises OSError, EINVAL for what is no regular file.
    """
    with (
        opened_folder(path.parent) as folder,
        opened_file(FolderEntry(folder, path.name, path)) as descriptor,
    ):
        return os.dup(descriptor)


def rename_exclusive(source: FolderEntry, target: FolderEntry) -> None:
    """Rename without ever overwriting; where the file system has no such rename, link and unlink.

    Raises FileExistsError if something lies at the target, OSError EXDEV across file systems.
    A crash between link and unlink leaves one file under both names.
    """
    try:
        _rename_noreplace(source, target)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
        os.link(
            source.name,
            target.name,
            src_dir_fd=source.folder,
            dst_dir_fd=target.folder,
            follow_symlinks=False,
        )
        os.unlink(source.name, dir_fd=source.folder)


def rename_within(source: FolderEntry, target: FolderEntry) -> None:
    """Rename within a folder to a made-up name. Raises FileExistsError if that is taken nevertheless.

    If the file system has neither a rename that cannot overwrite nor hard links, it only checks first.
    """
    try:
        rename_exclusive(source, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        if status_of(target) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path)) from error
        os.rename(source.name, target.name, src_dir_fd=source.folder, dst_dir_fd=target.folder)


def _rename_noreplace(source: FolderEntry, target: FolderEntry) -> None:
    import ctypes  # not above: who only reads has no need of it

    renameat2 = getattr(_libc(), "renameat2", None)
    if renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    old, new = os.fsencode(source.name), os.fsencode(target.name)
    if renameat2(source.folder, old, target.folder, new, _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source.path), None, str(target.path))


@cache
def _libc() -> ctypes.CDLL:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def create_exclusive(folder: int, name: str) -> int:
    """Create a private file that did not exist; its owner is the folder's, also when root creates it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    _give_to_owner_of(folder, descriptor)
    return descriptor


def make_folder(folder: int, name: str, mode: int) -> None:
    """Make a folder; its owner is that of the folder it lies in, also when root makes it."""
    os.mkdir(name, mode, dir_fd=folder)
    made = os.open(name, _FOLDER, dir_fd=folder)
    try:
        _give_to_owner_of(folder, made)
    finally:
        os.close(made)


def _give_to_owner_of(folder: int, made: int) -> None:
    owner = os.fstat(folder)
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(made, owner.st_uid, owner.st_gid)


def digest_of(descriptor: int) -> str:
    """Return the SHA-256 of a whole file as hexadecimal digits."""
    digest, offset = hashlib.sha256(), 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()
