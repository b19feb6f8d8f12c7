"""Move a picture and its companions from one folder to another, by renames that cannot overwrite.

Across file systems, `copying` does it. `unfinished` ends what a killed move left. It knows no records: `operations`
decides what moves and why.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence

from imgwatch.errors import Changed, shown
from imgwatch.quarantine.copying import copy_across
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.move import Inodes, Transfer, is_the_judged, require_lasting_inode, return_stranger


def transfer(file_ops: FileOps, moves: Sequence[Transfer], note_copies: Callable[[Inodes], None]) -> None:
    """Move a picture, the first, with its companions, and wait until both folders are on the disk.

    The picture is moved last: its companions belong where it is, and `unfinished` brings them there. `note_copies`
    receives the inodes of all copies before a byte is copied, so that a killed move can be ended.
    Raises FileExistsError if something lies at a target, Changed, MoveRefused, OSError; then `undo_transfer`.
    """
    picture = moves[0]
    on_another_disk = _rename_companions(file_ops, moves[1:])
    if on_another_disk or not _try_rename(file_ops, picture):
        copy_across(file_ops, [picture, *on_another_disk], note_copies)
    else:
        file_ops.sync(picture.target.folder)
    file_ops.sync(picture.source.folder)


def _rename_companions(file_ops: FileOps, moves: Sequence[Transfer]) -> Sequence[Transfer]:
    """Move each by a rename; return those that have to be copied."""
    for number, move in enumerate(moves):
        if not _try_rename(file_ops, move):
            return moves[number:]
    return []


def _try_rename(file_ops: FileOps, move: Transfer) -> bool:
    """Move by a rename; return False where only a copy can."""
    try:
        file_ops.rename(move.source, move.target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    _check_moved(file_ops, move)
    return True


def _check_moved(file_ops: FileOps, move: Transfer) -> None:
    """Put back a file that another program put there between check and rename. Raises Changed."""
    if not is_the_judged(move):
        try:
            require_lasting_inode(move, move.target)
        finally:
            return_stranger(file_ops, move, move.target)
        raise Changed(f"{shown(move.source.path)} was replaced while it was moved; it stays")
