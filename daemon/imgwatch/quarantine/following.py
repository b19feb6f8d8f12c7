"""Bring the companions of a picture to where it is, after a move of all of them was interrupted at any instant.

It may be killed itself, and repeated. It overwrites nothing, and removes only one of two equal files.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Sequence

from imgwatch.errors import shown
from imgwatch.files import FolderEntry, digest_of, opened_file, status_of
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import read_metadata
from imgwatch.quarantine.move import (
    Inodes,
    Transfer,
    are_twins,
    is_the_judged,
    remove_part,
    return_stranger,
)

_CHUNK_BYTES = 1 << 20
_log = logging.getLogger(__name__)


def follow(file_ops: FileOps, moves: Sequence[Transfer], inos: Inodes, *, has_arrived: bool) -> None:
    """End the moves of companions: all at their targets if the picture is, else all where they came from."""
    for move in moves:
        remove_part(file_ops, move.part)
        remove_part(file_ops, move.returning_part)
        if has_arrived:
            _bring_on(file_ops, move, inos.get(move.id))
        else:
            _bring_back(file_ops, move, inos.get(move.id))
    if moves:
        file_ops.sync(moves[0].target.folder)
        file_ops.sync(moves[0].source.folder)


def _bring_on(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> None:
    if move.inward and status_of(move.aside) is not None:
        if are_twins(move.aside, move.target):
            file_ops.unlink(move.aside)
        else:
            return_stranger(file_ops, move, move.aside)
    source, target = status_of(move.source), status_of(move.target)
    if source is None:
        return
    if target is None:
        _carry(file_ops, move.source, move.target, move.part)
    elif os.path.samestat(source, target) or (
        not move.inward and copy_ino is not None and are_twins(move.source, move.target)
    ):
        file_ops.unlink(move.source)
    elif not move.inward:
        _log.warning(
            "%s: another file lies at %s; both stay", shown(move.source.path), shown(move.target.path)
        )


def _bring_back(file_ops: FileOps, move: Transfer, copy_ino: int | None) -> None:
    if move.inward:
        _return_aside(file_ops, move)
    source, target = status_of(move.source), status_of(move.target)
    if target is None:
        return
    if source is not None and os.path.samestat(source, target):  # a rename of link and unlink, half done
        file_ops.unlink(move.target)
    elif copy_ino is not None:
        is_ours = target.st_ino == copy_ino
        if source is None and is_ours:  # somebody took the original away meanwhile
            _carry(file_ops, move.target, move.source, move.returning_part)
        elif is_ours and (move.inward or are_twins(move.source, move.target)):
            file_ops.unlink(move.target)
    elif move.inward:
        return_stranger(file_ops, move, move.target)
    elif source is None and is_the_judged(move):
        file_ops.rename(move.target, move.source)


def _return_aside(file_ops: FileOps, move: Transfer) -> None:
    aside, source = status_of(move.aside), status_of(move.source)
    if aside is None:
        return
    if source is not None and os.path.samestat(aside, source):
        file_ops.unlink(move.aside)
    else:
        return_stranger(file_ops, move, move.aside)


def _carry(file_ops: FileOps, source: FolderEntry, target: FolderEntry, part: FolderEntry) -> None:
    """Move one file, also across file systems. Interrupted, it leaves the file twice, or an unfinished copy."""
    try:
        file_ops.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    with opened_file(source) as original:
        copy = file_ops.create(part.folder, part.name)
        try:
            offset = 0
            while chunk := file_ops.read(original, _CHUNK_BYTES, offset):
                file_ops.write(copy, chunk, offset)
                offset += len(chunk)
            file_ops.apply_metadata(copy, read_metadata(original))
            file_ops.sync(copy)
            if digest_of(copy) != digest_of(original):
                raise OSError(errno.EIO, "the copy differs from the original")
        finally:
            os.close(copy)
    file_ops.rename(part, target)
    file_ops.sync(target.folder)
    file_ops.unlink(source)
