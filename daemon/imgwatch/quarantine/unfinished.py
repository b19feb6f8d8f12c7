"""End a move that failed or was killed at any instant: finish it or undo it, so that the picture is whole in one place.

It may be killed itself, and repeated. It knows no records and no log.
"""

from __future__ import annotations

import errno
import logging
import os
import stat

from imgwatch.errors import shown
from imgwatch.files import Place, digest_of, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.transfer import Transfer, is_the_judged, return_stranger

_FOR_GOOD = (errno.EROFS, errno.EACCES, errno.EPERM)  # trying again at each start would not help
_log = logging.getLogger(__name__)


def undo_transfer(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    """Undo a move that failed, if that can be, and tell whether the picture is at the target nevertheless."""
    has_arrived = finish_or_undo(file_ops, move, copy_ino)
    if has_arrived and copy_ino is None and status_of(move.source) is None:
        file_ops.rename(move.target, move.source)
        file_ops.sync(move.source.folder)
        return False
    return has_arrived


def finish_or_undo(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> bool:
    """End a move that broke off at any instant and tell whether the picture is at the target.

    Of two whole copies it removes the one inside the quarantine, which nobody else can have touched, and only after
    comparing them. What lies at the target and is not the judged file goes back.
    """
    remove_part(file_ops, move.part)
    _return_aside(file_ops, move)
    has_arrived = _end(file_ops, move, copy_ino)
    file_ops.sync(move.target.folder)
    file_ops.sync(move.source.folder)
    return has_arrived


def remove_part(file_ops: FileOps, part: Place) -> None:
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


def _return_aside(file_ops: FileOps, move: Transfer) -> None:
    """Give the source its name back; where a new version has that name and the copy is whole, it has gone for good."""
    aside, source = status_of(move.aside), status_of(move.source)
    if not move.inward or aside is None:
        return
    is_same = source is not None and os.path.samestat(aside, source)  # a rename of link and unlink, half done
    if is_same or (source is not None and _are_twins(move.aside, move.target)):
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
    if copy_ino is None or not _are_twins(move.source, move.target):
        return move.inward
    if not move.inward:
        file_ops.unlink(move.source)
        return True
    if target.st_ino == copy_ino:
        file_ops.unlink(move.target)
        return False
    return True


def _are_twins(source: Place, target: Place) -> bool:
    try:
        with opened_file(source) as one, opened_file(target) as other:
            return digest_of(one) == digest_of(other)
    except OSError as error:
        if error.errno != errno.ENOENT:
            _log.warning("%s: cannot compare, both stay: %s", shown(source.path), error.strerror)
        return False
