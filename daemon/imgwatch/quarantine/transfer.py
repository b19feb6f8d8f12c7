"""Move one picture from one folder to another so that it is always whole in one of them.

Within a file system by a rename that cannot overwrite, across by copy, sync, verify, unlink. What a killed move
left, `unfinished` ends. It knows no records: `operations` decides what moves and why.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable

import msgspec

from imgwatch.errors import Changed, MoveRefused, shown
from imgwatch.files import Identity, Place, digest_of, has_writer, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import read_metadata
from imgwatch.quarantine.naming import stored_names

_CHUNK_BYTES = 1 << 20
_VERIFIED_BYTES = 64 << 20  # of what is moved by a rename, up to this size is read again: at most 0.1 s
_log = logging.getLogger(__name__)


class Transfer(msgspec.Struct, frozen=True):
    """A move of the file `identity` from `source` to `target`; `inward` goes into the quarantine."""

    id: str  # of the record; no name that is made of it is taken by anybody else
    source: Place
    target: Place
    identity: Identity
    inward: bool
    sha256: str | None = None  # what a copy must have; None: what the source has now

    @property
    def part(self) -> Place:
        """Say where the unfinished copy lies."""
        return _beside(self.target, f".imgwatch-{self.id}.part")

    @property
    def aside(self) -> Place:
        """Say where the source waits, under a name that nobody else uses, until it is certain to be the copied file."""
        return _beside(self.source, f".imgwatch-{self.id}.source")

    @property
    def spare(self) -> Place:
        """Say where a file goes back to whose own name has been taken meanwhile."""
        return _beside(self.source, stored_names(self.source.name, self.id)[1])


def _beside(place: Place, name: str) -> Place:
    return Place(place.folder, name, place.path.with_name(name))


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
        _copy_across(file_ops, move, note_copy)
    else:
        _check_moved(file_ops, move)
        file_ops.sync(move.target.folder)
    file_ops.sync(move.source.folder)


def _check_moved(file_ops: FileOps, move: Transfer) -> None:
    """Between check and rename somebody may have put another file there: that one goes back."""
    if not is_the_judged(move):
        return_stranger(file_ops, move, move.target)
        raise Changed(f"{shown(move.source.path)} was replaced while it was moved; it stays")


def is_the_judged(move: Transfer) -> bool:
    """Tell whether the very file of the move lies at its target, by inode, size, time and, up to a size, content."""
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


def return_stranger(file_ops: FileOps, move: Transfer, stranger: Place) -> None:
    """Put a file back that is not the one to be moved; where its name has been taken since, under a free one."""
    rename = file_ops.rename_within if stranger == move.aside else file_ops.rename
    try:
        rename(stranger, move.source)
    except FileExistsError:
        rename(stranger, move.spare)
        _log.warning("%s: put back as %s", shown(move.source.path), shown(move.spare.name))


def _copy_across(file_ops: FileOps, move: Transfer, note_copy: Callable[[int], None]) -> None:
    name = shown(move.source.path)
    with opened_file(move.source) as source:
        if Identity.of(os.fstat(source)) != move.identity:
            raise Changed(f"{name} is not the file that was judged; it stays")
        if os.fstat(source).st_nlink > 1 and move.inward:
            raise MoveRefused(f"{name} has other hard links, which a copy would cut; it stays")
        copy = file_ops.create(move.target.folder, move.part.name)
        try:
            note_copy(os.fstat(copy).st_ino)
            _fill(file_ops, move, source, copy)
            if digest_of(copy) != (move.sha256 or digest_of(source)):
                raise Changed(f"{name} is not what it was when it was judged; it stays")
            file_ops.rename(move.part, move.target)
            _replace_source(file_ops, move, source, copy)
        finally:
            os.close(copy)


def _fill(file_ops: FileOps, move: Transfer, source: int, copy: int) -> None:
    """Copy as many bytes as were judged, and never more."""
    size, offset = move.identity.size, 0
    while offset < size and (chunk := file_ops.read(source, min(_CHUNK_BYTES, size - offset), offset)):
        file_ops.write(copy, chunk, offset)
        offset += len(chunk)
    if Identity.of(os.fstat(source)) != move.identity or offset != size:
        raise Changed(f"{shown(move.source.path)} is being changed; it stays")
    lost = shown(", ".join(file_ops.apply_metadata(copy, read_metadata(source))))
    if lost and move.inward:
        raise MoveRefused(f"{shown(move.source.path)}: cannot keep {lost} in the quarantine; it stays")
    if lost:
        # The user wants the picture back, also on a stick that knows no owners; the log keeps the rest.
        _log.warning("%s: restored without %s", shown(move.target.path), lost)
    file_ops.sync(copy)
    os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_DONTNEED)  # so that what is verified comes from the disk


def _replace_source(file_ops: FileOps, move: Transfer, source: int, copy: int) -> None:
    """Remove the source, or else the copy: while both are open, nobody's inode can be taken for theirs.

    A program that saves by rename may put a new version at the source's name at any instant. So the source first gets
    a name that nobody else uses; only what is found to be the copied file then is removed.
    """
    doomed = move.aside if move.inward else move.source  # the quarantine's own folder holds no strangers
    try:
        file_ops.sync(move.target.folder)
        if move.inward:
            file_ops.rename_within(move.source, move.aside)
        is_copied = _is_open_as(doomed, source) and Identity.of(os.fstat(source)) == move.identity
        if not is_copied or has_writer(source):
            raise Changed(f"{shown(move.source.path)} is being changed; it stays")
        file_ops.unlink(doomed)
    except (OSError, Changed):
        if move.inward and status_of(move.aside) is not None:
            return_stranger(file_ops, move, move.aside)
        is_there = _is_open_as(move.source, source) or _is_open_as(move.spare, source)
        if is_there and _is_open_as(move.target, copy):
            file_ops.unlink(move.target)
        raise


def _is_open_as(place: Place, descriptor: int) -> bool:
    present = status_of(place)
    return present is not None and os.path.samestat(present, os.fstat(descriptor))
