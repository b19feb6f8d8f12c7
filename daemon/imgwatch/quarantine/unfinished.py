"""End a move that failed or was killed at any instant: finish it or undo it, so that all is whole in one place.

The picture decides: where it is after its own move was ended, `following` brings its companions. It may be killed
itself, and repeated. It knows no records and no log.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from imgwatch.files import status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.following import follow
from imgwatch.quarantine.move import (
    Inodes,
    Transfer,
    are_twins,
    is_the_judged,
    remove_part,
    return_stranger,
)


def undo_transfer(file_ops: FileOps, moves: Sequence[Transfer], inos: Inodes) -> bool:
    """Undo a move that failed, if possible, and return whether the picture is at the target nevertheless."""
    picture = moves[0]
    has_arrived = _finish_or_undo_one(file_ops, picture, inos.get(picture.id))
    if has_arrived and picture.id not in inos and status_of(picture.source) is None:
        file_ops.rename(picture.target, picture.source)
        file_ops.sync(picture.source.folder)
        has_arrived = False
    follow(file_ops, moves[1:], inos, has_arrived=has_arrived)
    return has_arrived


def finish_or_undo(file_ops: FileOps, moves: Sequence[Transfer], inos: Inodes) -> bool:
    """End a move that was interrupted at any instant; return whether the picture, which comes first, is at its target.

    Of two whole copies it removes the one inside the quarantine, which nobody else can have touched, and only after
    comparing them. What lies at the target and is not the judged file goes back.
    """
    picture = moves[0]
    has_arrived = _finish_or_undo_one(file_ops, picture, inos.get(picture.id))
    follow(file_ops, moves[1:], inos, has_arrived=has_arrived)
    return has_arrived


def _finish_or_undo_one(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    remove_part(file_ops, move.part)
    _return_aside(file_ops, move)
    has_arrived = _end(file_ops, move, copy_ino)
    file_ops.sync(move.target.folder)
    file_ops.sync(move.source.folder)
    return has_arrived


def _return_aside(file_ops: FileOps, move: Transfer) -> None:
    """Put the source, which was set aside, back; delete it if a new version has its name and the copy is whole."""
    aside, source = status_of(move.aside), status_of(move.source)
    if not move.inward or aside is None:
        return
    is_same = source is not None and os.path.samestat(aside, source)  # a rename of link and unlink, half done
    if is_same or (source is not None and are_twins(move.aside, move.target)):
        file_ops.unlink(move.aside)
    else:
        return_stranger(file_ops, move, move.aside)


def _end(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    source, target = status_of(move.source), status_of(move.target)
    if target is None:
        return source is None and not move.inward
    if source is not None and os.path.samestat(source, target):
        file_ops.unlink(move.source)  # the rename was a link and an unlink, and the second half was missing
        source = None
    if move.inward and copy_ino is None and not is_the_judged(move):
        return_stranger(file_ops, move, move.target)
        return False
    if source is None:
        return True
    if copy_ino is None or not are_twins(move.source, move.target):
        return move.inward
    if not move.inward:
        file_ops.unlink(move.source)
        return True
    if target.st_ino == copy_ino:
        file_ops.unlink(move.target)
        return False
    return True
