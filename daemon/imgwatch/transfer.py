"""Move one picture from one folder to another so that it is always whole in one of them.

Within a file system by a rename that cannot overwrite, across by copy, sync, verify, unlink; and what to do with what
a killed move left. It knows no records: `store` decides what moves and why.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imgwatch.errors import Changed, MoveRefused, shown
from imgwatch.files import Identity, Place, digest_of, has_writer, opened_file, status_of
from imgwatch.mover import RealMover
from imgwatch.traits import read_traits

_CHUNK_BYTES = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A move of the file `identity` from `source` to `target`; `inward` goes into the quarantine."""

    source: Place
    target: Place
    identity: Identity
    part: str  # the name of the unfinished copy, in the target's folder
    inward: bool

    @property
    def part_place(self) -> Place:
        """Say where the unfinished copy lies."""
        return Place(self.target.folder, self.part, self.target.path.with_name(self.part))


def transfer(mover: RealMover, move: Transfer, note_copy: Callable[[int], None], digest: str) -> None:
    """Move the picture and wait until both folders are on the disk.

    `note_copy` is told the inode of the copy before a byte is copied, so that a killed move can be ended.
    Raises FileExistsError if something lies at the target, Changed, MoveRefused, OSError; then `settle` tells
    where the picture is.
    """
    try:
        mover.rename(move.source, move.target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(mover, move, note_copy, digest)
    else:
        _check_moved(mover, move)
        mover.sync(move.target.folder)
    mover.sync(move.source.folder)


def _check_moved(mover: RealMover, move: Transfer) -> None:
    """Between check and rename somebody may have put another file there: that one goes back."""
    moved = status_of(move.target)
    if moved is None or Identity.of(moved)[1:] != move.identity[1:]:
        mover.rename(move.target, move.source)
        raise Changed(f"{shown(move.source.path)} was replaced while it was moved; it stays")


def _copy_over(mover: RealMover, move: Transfer, note_copy: Callable[[int], None], digest: str) -> None:
    with opened_file(move.source) as source:
        if os.fstat(source).st_nlink > 1 and move.inward:
            raise MoveRefused(
                f"{shown(move.source.path)} has other hard links, which a copy would cut; it stays"
            )
        copy = mover.create(move.target.folder, move.part)
        try:
            note_copy(os.fstat(copy).st_ino)
            _fill(mover, move, source, copy)
            if digest_of(copy) != digest:
                raise Changed(f"{shown(move.source.path)} is not what it was when it was judged; it stays")
        finally:
            os.close(copy)
        mover.rename(move.part_place, move.target)
        mover.sync(move.target.folder)
        _check_unchanged(move, source)
        mover.unlink(move.source)


def _fill(mover: RealMover, move: Transfer, source: int, copy: int) -> None:
    offset = 0
    while chunk := mover.read(source, _CHUNK_BYTES, offset):
        mover.write(copy, chunk, offset)
        offset += len(chunk)
    lost = mover.put_traits(copy, read_traits(source))
    if lost and move.inward:
        raise MoveRefused(f"{shown(move.source.path)}: cannot keep {shown(', '.join(lost))} there; it stays")
    if lost:
        # On the way back the user wants the picture, also on a stick that knows no owners; the log keeps the rest.
        _log.warning("%s: restored without %s", shown(move.target.path), shown(", ".join(lost)))
    mover.sync(copy)
    os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_DONTNEED)  # so that what is verified comes from the disk


def _check_unchanged(move: Transfer, source: int) -> None:
    lying = status_of(move.source)
    if lying is None or Identity.of(lying) != move.identity or has_writer(source):
        raise Changed(f"{shown(move.source.path)} is being changed; it stays")


def settle(mover: RealMover, move: Transfer, copy_ino: int | None) -> bool:
    """End a move that broke off at any instant and tell whether the picture is at the target.

    May be broken off itself, and repeated. Of two whole copies it removes the one inside the quarantine, which nobody
    else can have touched, and only after comparing them byte by byte.
    """
    part = status_of(move.part_place)
    if part is not None:
        mover.unlink(move.part_place)
    arrived = _settled(mover, move, copy_ino)
    mover.sync(move.target.folder)
    mover.sync(move.source.folder)
    return arrived


def _settled(mover: RealMover, move: Transfer, copy_ino: int | None) -> bool:
    source, target = status_of(move.source), status_of(move.target)
    if target is None:
        return source is None and not move.inward
    if source is None:
        return not _gave_back_stranger(mover, move, copy_ino, target)
    if (source.st_dev, source.st_ino) == (target.st_dev, target.st_ino):
        mover.unlink(move.source)  # the rename was a link and an unlink, and the second half was missing
        return True
    if target.st_ino == copy_ino and _are_twins(move):
        mover.unlink(move.target if move.inward else move.source)
        return not move.inward
    return move.inward


def _gave_back_stranger(
    mover: RealMover, move: Transfer, copy_ino: int | None, target: os.stat_result
) -> bool:
    """Give back what was put in the judged file's place just before the rename. Device numbers change at a boot."""
    if not move.inward or copy_ino is not None or target.st_ino == move.identity.ino:
        return False
    mover.rename(move.target, move.source)
    return True


def _are_twins(move: Transfer) -> bool:
    with opened_file(move.source) as source, opened_file(move.target) as target:
        return digest_of(source) == digest_of(target)


def take_back(mover: RealMover, move: Transfer, copy_ino: int | None) -> bool:
    """Undo a move that failed, as far as can be, and tell whether the picture is at the target nevertheless."""
    arrived = settle(mover, move, copy_ino)
    if arrived and copy_ino is None and status_of(move.source) is None:
        mover.rename(move.target, move.source)
        mover.sync(move.source.folder)
        return False
    return arrived


def place_at(folder: int, path: Path, name: str) -> Place:
    """Name a place in an open folder."""
    return Place(folder, name, path / name)
