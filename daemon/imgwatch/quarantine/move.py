"""One file on its way from one folder to another: where it may lie meanwhile, and what goes back.

`transfer` and `copying` carry out a move; `unfinished` ends one that was interrupted.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Mapping

import msgspec

from imgwatch.errors import InodesChange, shown
from imgwatch.files import FolderEntry, Identity, digest_of, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.naming import aside_name, part_name, stored_names

_VERIFIED_BYTES = 64 << 20  # of what is moved by a rename, up to this size is read again: at most 0.1 s
Inodes = Mapping[str, int]  # of copies, by the ids of their moves
_FOR_GOOD = (errno.EROFS, errno.EACCES, errno.EPERM)  # trying again at each start would not help
_log = logging.getLogger(__name__)


class Transfer(msgspec.Struct, frozen=True):
    """A move of the file `identity` from `source` to `target`; `inward` goes into the quarantine."""

    id: str  # of the record; no name that is made of it is taken by anybody else
    source: FolderEntry
    target: FolderEntry
    identity: Identity
    inward: bool
    sha256: str | None = None  # what a copy must have; None: what the source has now

    @property
    def part(self) -> FolderEntry:
        """Return where the unfinished copy lies."""
        return _beside(self.target, part_name(self.id))

    @property
    def returning_part(self) -> FolderEntry:
        """Return where an unfinished copy lies that goes back to the source."""
        return _beside(self.source, part_name(self.id))

    @property
    def aside(self) -> FolderEntry:
        """Return where the source waits, under a name of our own, until it is known to be the copied file."""
        return _beside(self.source, aside_name(self.id))

    @property
    def spare(self) -> FolderEntry:
        """Return where a file goes back to whose own name has been taken meanwhile."""
        return _beside(self.source, stored_names(self.source.name, self.id)[1])


def _beside(entry: FolderEntry, name: str) -> FolderEntry:
    return FolderEntry(entry.folder, name, entry.path.with_name(name))


def is_the_judged(move: Transfer) -> bool:
    """Return whether the very file of the move lies at its target, by inode, size, time and, up to a size, content."""
    try:
        with opened_file(move.target) as opened:
            # Not the device: its number may be another after a boot.
            if Identity.of(os.fstat(opened))[1:] != move.identity[1:]:
                return False
            if move.sha256 is None or move.identity.size > _VERIFIED_BYTES:
                return True
            return digest_of(opened) == move.sha256
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.EINVAL:  # not a regular file
            return False
        raise


def require_lasting_inode(move: Transfer, entry: FolderEntry) -> None:
    """Raise InodesChange if the very file of the move lies there and only its inode number differs."""
    try:
        with opened_file(entry) as opened:
            present = Identity.of(os.fstat(opened))
            has_other_number = present.ino != move.identity.ino and present[2:] == move.identity[2:]
            if has_other_number and move.sha256 is not None and digest_of(opened) == move.sha256:
                raise InodesChange(
                    f"{shown(move.source.path)}: its file system gives a file another inode number when it is renamed, "
                    "so a move that is broken off could not be ended safely; mount it so that inode numbers last "
                    "(mergerfs: use_ino)"
                )
    except OSError:
        return


def return_stranger(file_ops: FileOps, move: Transfer, stranger: FolderEntry) -> None:
    """Put a file back that is not the one to be moved; where its name has been taken since, under a free one."""
    rename = file_ops.rename_within if stranger == move.aside else file_ops.rename
    try:
        rename(stranger, move.source)
    except FileExistsError:
        rename(stranger, move.spare)
        _log.warning("%s: put back as %s", shown(move.source.path), shown(move.spare.name))


def are_twins(source: FolderEntry, target: FolderEntry) -> bool:
    """Return whether two files have the same content; False if one is missing or cannot be read."""
    try:
        with opened_file(source) as original, opened_file(target) as copy:
            return digest_of(original) == digest_of(copy)
    except OSError as error:
        if error.errno != errno.ENOENT:
            _log.warning("%s: cannot compare, both stay: %s", shown(source.path), error.strerror)
        return False


def remove_part(file_ops: FileOps, part: FolderEntry) -> None:
    """Remove an unfinished copy, if it is there."""
    present = status_of(part)
    if present is None or not stat.S_ISREG(present.st_mode):
        return
    try:
        file_ops.unlink(part)
    except OSError as error:
        if error.errno not in _FOR_GOOD:
            raise
        _log.warning("%s: an unfinished copy cannot be removed: %s", shown(part.path), error.strerror)
