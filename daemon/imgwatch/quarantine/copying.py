"""Move a picture and its companions to another file system: copy all, sync, verify, and only then remove the originals.

The picture's is the first original to go; until then everything can be undone, and from then on it is finished.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from imgwatch.errors import Changed, InodesChange, MoveRefused, shown
from imgwatch.files import FolderEntry, Identity, digest_of, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import read_metadata
from imgwatch.quarantine.move import Inodes, Transfer, are_twins, require_lasting_inode, return_stranger
from imgwatch.writers import has_writer

_CHUNK_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class _Copy(NamedTuple):
    """A move with its source and its copy, open: so that no other file can get their inode numbers meanwhile."""

    move: Transfer
    source: int
    copy: int

    @property
    def doomed(self) -> FolderEntry:
        """Return where the original is when it is removed: the quarantine's own folder holds no strangers."""
        return self.move.aside if self.move.inward else self.move.source


def copy_across(file_ops: FileOps, moves: Sequence[Transfer], note_copies: Callable[[Inodes], None]) -> None:
    """Copy the picture, which is the first, and its companions; then remove the originals."""
    with ExitStack() as stack:
        copies = [_open_copy(stack, file_ops, move) for move in moves]
        picture, *companions = copies
        note_copies({copying.move.id: os.fstat(copying.copy).st_ino for copying in copies})
        for copying in copies:
            _fill(file_ops, copying)
        for copying in (*companions, picture):
            file_ops.rename(copying.move.part, copying.move.target)
        for copying in companions:
            _set_aside(file_ops, copying)
        _replace_source(file_ops, picture)
        for copying in companions:
            file_ops.unlink(copying.doomed)


def _open_copy(stack: ExitStack, file_ops: FileOps, move: Transfer) -> _Copy:
    """Open the source and create the file that it is copied into."""
    source = stack.enter_context(opened_file(move.source))
    if Identity.of(os.fstat(source)) != move.identity:
        raise Changed(f"{shown(move.source.path)} is not the file that was judged; it stays")
    if os.fstat(source).st_nlink > 1 and move.inward:
        raise MoveRefused(f"{shown(move.source.path)} has other hard links, which a copy would cut; it stays")
    copy = file_ops.create(move.target.folder, move.part.name)
    stack.callback(os.close, copy)
    return _Copy(move, source, copy)


def _fill(file_ops: FileOps, copying: _Copy) -> None:
    """Copy as many bytes as were judged, never more, and compare what is on the disk then."""
    move, source, copy = copying
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
    if digest_of(copy) != (move.sha256 or digest_of(source)):
        raise Changed(f"{shown(move.source.path)} has changed since it was judged; it stays")


def _replace_source(file_ops: FileOps, copying: _Copy) -> None:
    """Remove the picture's source, or else its copy."""
    move, source, copy = copying
    try:
        file_ops.sync(move.target.folder)
        _set_aside(file_ops, copying)
        file_ops.unlink(copying.doomed)
    except (OSError, Changed, InodesChange):
        if move.inward and status_of(move.aside) is not None:
            return_stranger(file_ops, move, move.aside)
        is_there = _is_open_as(move.source, source) or _is_open_as(move.spare, source)
        if (is_there or are_twins(move.source, move.target)) and _is_open_as(move.target, copy):
            file_ops.unlink(move.target)
        raise


def _set_aside(file_ops: FileOps, copying: _Copy) -> None:
    """Ensure that what is removed is what was copied.

    A program that saves by rename may put a new version at the source's name at any instant. So the source first gets
    a name that nobody else uses; only what is found to be the copied file then is removed.
    """
    move, source, _ = copying
    if move.inward:
        file_ops.rename_within(move.source, move.aside)
    is_copied = _is_open_as(copying.doomed, source) and Identity.of(os.fstat(source)) == move.identity
    if not is_copied and move.inward:
        require_lasting_inode(move, move.aside)
    if not is_copied or has_writer(source):
        raise Changed(f"{shown(move.source.path)} is being changed; it stays")


def _is_open_as(entry: FolderEntry, descriptor: int) -> bool:
    present = status_of(entry)
    return present is not None and os.path.samestat(present, os.fstat(descriptor))
