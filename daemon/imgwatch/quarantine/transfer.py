"""Move one picture from one folder to another so that it is always whole in one of them.

Within a file system by a rename that cannot overwrite, across by copy, sync, verify, unlink; and it ends what
a killed move left. It knows no records: `operations` decides what moves and why.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable

import msgspec

from imgwatch.errors import Changed, MoveRefused, shown
from imgwatch.files import Identity, Place, digest_of, has_writer, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import read_metadata

_CHUNK_BYTES = 1 << 20
_FOR_GOOD = (errno.EROFS, errno.EACCES, errno.EPERM)  # trying again at each start would not help
_log = logging.getLogger(__name__)


class Transfer(msgspec.Struct, frozen=True):
    """A move of the file `identity` from `source` to `target`; `inward` goes into the quarantine."""

    source: Place
    target: Place
    identity: Identity
    part: str  # the name of the unfinished copy, in the target's folder
    inward: bool
    sha256: str | None = None  # what a copy must have; None: what the source has now

    @property
    def part_place(self) -> Place:
        """Say where the unfinished copy lies."""
        return Place(self.target.folder, self.part, self.target.path.with_name(self.part))


def transfer(file_ops: FileOps, move: Transfer, note_copy: Callable[[int], None]) -> None:
    """Move the picture and wait until both folders are on the disk.

    `note_copy` is told the inode of the copy before a byte is copied, so that a killed move can be ended.
    Raises FileExistsError if something lies at the target, Changed, MoveRefused, OSError; then `undo_transfer`.
    """
    try:
        file_ops.rename(move.source, move.target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(file_ops, move, note_copy)
    else:
        _check_moved(file_ops, move)
        file_ops.sync(move.target.folder)
    file_ops.sync(move.source.folder)


def _check_moved(file_ops: FileOps, move: Transfer) -> None:
    """Between check and rename somebody may have put another file there: that one goes back."""
    moved = status_of(move.target)
    if moved is None or Identity.of(moved)[1:] != move.identity[1:]:
        file_ops.rename(move.target, move.source)
        raise Changed(f"{shown(move.source.path)} was replaced while it was moved; it stays")


def _copy_over(file_ops: FileOps, move: Transfer, note_copy: Callable[[int], None]) -> None:
    name = shown(move.source.path)
    with opened_file(move.source) as source:
        if os.fstat(source).st_nlink > 1 and move.inward:
            raise MoveRefused(f"{name} has other hard links, which a copy would cut; it stays")
        copy = file_ops.create(move.target.folder, move.part)
        try:
            note_copy(os.fstat(copy).st_ino)
            _fill(file_ops, move, source, copy)
            if digest_of(copy) != (move.sha256 or digest_of(source)):
                raise Changed(f"{name} is not what it was when it was judged; it stays")
            file_ops.rename(move.part_place, move.target)
            _replace_source(file_ops, move, source, copy)
        finally:
            os.close(copy)


def _fill(file_ops: FileOps, move: Transfer, source: int, copy: int) -> None:
    offset = 0
    while chunk := file_ops.read(source, _CHUNK_BYTES, offset):
        file_ops.write(copy, chunk, offset)
        offset += len(chunk)
    lost = shown(", ".join(file_ops.apply_metadata(copy, read_metadata(source))))
    if lost and move.inward:
        raise MoveRefused(f"{shown(move.source.path)}: cannot keep {lost} in the quarantine; it stays")
    if lost:
        # The user wants the picture back, also on a stick that knows no owners; the log keeps the rest.
        _log.warning("%s: restored without %s", shown(move.target.path), lost)
    file_ops.sync(copy)
    os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_DONTNEED)  # so that what is verified comes from the disk


def _replace_source(file_ops: FileOps, move: Transfer, source: int, copy: int) -> None:
    """Remove the source, or else the copy: while both are open, nobody's inode can be taken for theirs."""
    try:
        file_ops.sync(move.target.folder)
        lying = status_of(move.source)
        if lying is None or Identity.of(lying) != move.identity or has_writer(source):
            raise Changed(f"{shown(move.source.path)} is being changed; it stays")
        file_ops.unlink(move.source)
    except (OSError, Changed):
        if _is_open_as(move.source, source) and _is_open_as(move.target, copy):
            file_ops.unlink(move.target)
        raise


def _is_open_as(place: Place, descriptor: int) -> bool:
    lying = status_of(place)
    return lying is not None and os.path.samestat(lying, os.fstat(descriptor))


def undo_transfer(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    """Undo a move that failed, if that can be, and tell whether the picture is at the target nevertheless."""
    arrived = finish_or_undo(file_ops, move, copy_ino)
    if arrived and copy_ino is None and status_of(move.source) is None:
        file_ops.rename(move.target, move.source)
        file_ops.sync(move.source.folder)
        return False
    return arrived


def finish_or_undo(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    """End a move that broke off at any instant and tell whether the picture is at the target.

    May be broken off itself, and repeated. Of two whole copies it removes the one inside the quarantine,
    which nobody else can have touched, and only after comparing them.
    """
    _remove_part(file_ops, move.part_place)
    arrived = _finish_or_undo(file_ops, move, copy_ino)
    file_ops.sync(move.target.folder)
    file_ops.sync(move.source.folder)
    return arrived


def _remove_part(file_ops: FileOps, part: Place) -> None:
    lying = status_of(part)
    if lying is None or not stat.S_ISREG(lying.st_mode):
        return
    try:
        file_ops.unlink(part)
    except OSError as error:
        if error.errno not in _FOR_GOOD:
            raise
        _log.warning("%s: an unfinished copy cannot be removed: %s", shown(part.path), error.strerror)


def _finish_or_undo(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    source, target = status_of(move.source), status_of(move.target)
    if target is None:
        return source is None and not move.inward
    if source is None:
        is_stranger = move.inward and copy_ino is None and target.st_ino != move.identity.ino
        return not (is_stranger and _give_back(file_ops, move))
    if os.path.samestat(source, target):
        file_ops.unlink(move.source)  # the rename was a link and an unlink, and the second half was missing
        return True
    if target.st_ino == copy_ino and _are_twins(move):
        file_ops.unlink(move.target if move.inward else move.source)
        return not move.inward
    return move.inward


def _give_back(file_ops: FileOps, move: Transfer) -> bool:
    """Give back what was put in the judged file's place just before the rename, if that can be."""
    try:
        file_ops.rename(move.target, move.source)
    except OSError as error:
        _log.warning("%s: kept in quarantine: %s", shown(move.target.path), error.strerror)
        return False
    return True


def _are_twins(move: Transfer) -> bool:
    try:
        with opened_file(move.source) as source, opened_file(move.target) as target:
            return digest_of(source) == digest_of(target)
    except OSError as error:
        _log.warning("%s: cannot compare, both stay: %s", shown(move.source.path), error.strerror)
        return False
