"""End what a failed or killed operation left: finish or undo it, bring log and record up to date, forget it.

It may be killed itself, and repeated. What cannot be ended because its folder is missing waits for it; others go on.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from imgwatch.errors import OutsideRoots, RecordMalformed, shown
from imgwatch.files import FolderEntry, opened_folder, status_of
from imgwatch.lifecycle import Event
from imgwatch.quarantine.journal import NAME, Operation
from imgwatch.quarantine.move import Transfer, is_the_judged, remove_part
from imgwatch.quarantine.record import RECORD_SUFFIX, Record, load_record
from imgwatch.quarantine.record_file import write_record
from imgwatch.quarantine.safe_path import below_roots
from imgwatch.quarantine.store import Store, move_failed
from imgwatch.quarantine.unfinished import finish_or_undo
from imgwatch.trusted_root import TrustedRoot

_log = logging.getLogger(__name__)


class _NotThere(OSError):
    """The folder that a move came from or led to is not there."""


def recover(store: Store, roots: Sequence[TrustedRoot] | None) -> bool:
    """End the operation that a killed process left, if any; may be killed itself. Return whether there was one.

    `roots` bound what an operation may name that no key has signed; None: nothing.
    """
    _retry_parked(store, roots)
    operation = store.journal.read()
    if operation is None:
        _remove_unfinished_record(store)
        return False
    try:
        store.log.flush()
        ending = _end_or_park(store, operation, roots)
    except OSError as fault:
        raise move_failed(
            fault, f"cannot finish the interrupted operation on {shown(operation.file)}"
        ) from fault
    _log.warning("%s: the interrupted operation (%s) %s", shown(operation.file), operation.event, ending)
    return True


def _is_trusted(store: Store, operation: Operation, roots: Sequence[TrustedRoot] | None) -> bool:
    """Return whether this operation may change anything outside of the quarantine."""
    key = store.journal.key
    if key is not None or not operation.far_folder:
        return operation.is_signed(key) or not operation.far_folder
    # Of a version that signed nothing, or of a program without a state folder. Ending a move out, which may have led
    # anywhere, removes nothing there, and here only what lies there as well.
    return (
        roots is None
        or operation.goes_out
        or _is_below(Path(operation.far_folder) / operation.far_name, roots)
    )


def _is_below(path: Path, roots: Sequence[TrustedRoot]) -> bool:
    try:
        below_roots(path, roots)
    except OutsideRoots:
        return False
    return True


def _end_or_park(store: Store, operation: Operation, roots: Sequence[TrustedRoot] | None) -> str:
    if not _is_trusted(store, operation, roots):
        _log.error("%s names %s and was not written by this imgwatch: nothing is moved there",
                   shown(store.path / NAME), shown(operation.far_folder))  # fmt: skip
        is_done = end_without_folder(store, operation)
    elif not operation.far_folder:
        is_done = end_without_folder(store, operation)
    else:
        try:
            is_done = end_with_folder(store, operation)
        except OSError as fault:
            files = {member.file for member in operation.moved}
            here = {file for file in files if status_of(store.picture(file)) is not None}
            is_whole = not here or (here == files and _is_certain(store, operation))
            if isinstance(fault, _NotThere) and is_whole:
                is_done = end_without_folder(store, operation)
            elif here:
                _park(store, operation)
                return f"waits until {shown(operation.far_folder)} is there ({fault.strerror})"
            else:
                raise
    conclude(store, operation, is_done)
    return "is now finished" if is_done else "is now undone"


def _is_certain(store: Store, operation: Operation) -> bool:
    """Return whether what lies here decides alone: it may be one of two copies, or another file."""
    if operation.inos():
        return False
    return not operation.inward or all(map(is_the_judged, _near_moves(store, operation)))


def _near_moves(store: Store, operation: Operation) -> list[Transfer]:
    nowhere = FolderEntry(-1, operation.far_name, Path(operation.far_folder) / operation.far_name)
    return moves_of(store, operation, nowhere, None)


def end_with_folder(store: Store, operation: Operation) -> bool:
    """End a move whose folders both exist, and return whether it happened. Raises OSError if one is missing."""
    folder = Path(operation.far_folder)
    record = record_of(store, operation.file, operation.id)
    with ExitStack() as stack:
        try:
            far = stack.enter_context(opened_folder(Path("/"), folder.parts[1:]))
        except OSError as fault:
            raise _NotThere(fault.errno, fault.strerror or "not there") from fault
        status = os.fstat(far)
        if (
            operation.far_ino is not None
            and operation.far_ino != status.st_ino
            and operation.far_dev != status.st_dev
        ):
            raise _NotThere(errno.ENODEV, "another folder is in its place")
        entry = FolderEntry(far, operation.far_name, folder / operation.far_name)
        moves = moves_of(store, operation, entry, record)
        return finish_or_undo(store.file_ops, moves, operation.inos())


def end_without_folder(store: Store, operation: Operation) -> bool:
    """Return whether a deletion, or a move whose other folder is gone, happened: what lies here decides."""
    is_here = status_of(store.picture(operation.moved[0].file)) is not None
    if not operation.far_folder:
        return not is_here
    if operation.inward:
        for move in _near_moves(store, operation):
            remove_part(store.file_ops, move.part)
    return is_here == operation.inward


def moves_of(store: Store, operation: Operation, far: FolderEntry, record: Record | None) -> list[Transfer]:
    """Return the moves of an operation between the quarantine and `far`: the picture's, then its companions'.

    What is taken in must have the digests of the record, where that is there.
    """
    inward = operation.inward
    digests = record.digests if record is not None and inward else {}
    moves = []
    for move_id, member in zip(operation.move_ids(), operation.moved, strict=True):
        near = store.picture(member.file)
        there = FolderEntry(far.folder, member.far_name, far.path.with_name(member.far_name))
        source, target = (there, near) if inward else (near, there)
        moves.append(Transfer(move_id, source, target, member.identity, inward, digests.get(member.file)))
    return moves


def conclude(store: Store, operation: Operation, is_done: bool) -> None:
    """Bring log and record up to date, then forget the operation. May be repeated."""
    _set_down(store, operation, is_done)
    _remove_unfinished_record(store)
    store.journal.clear()


def _remove_unfinished_record(store: Store) -> None:
    unfinished = store.unfinished_record
    if status_of(unfinished) is not None:
        store.file_ops.unlink(unfinished)


def _set_down(store: Store, operation: Operation, is_done: bool) -> None:
    """Bring log and record up to date; keep complete lines: they may have been acknowledged, and others follow."""
    record = record_of(store, operation.file, operation.id)
    store.log.drop_torn_end(operation.log_bytes)
    noted = store.log.line_of(operation.event, operation.id, operation.log_bytes)
    if is_done and noted is None and record is not None:
        store.log.append(operation.event, store.clock(), record, operation.goes_to)
    elif not is_done and noted is not None:
        store.log.append(Event.WITHDRAWN, store.clock(), noted)
    if operation.event is Event.JOINED:
        if not is_done:
            _leave_out(store, operation, record)
        return
    stays_here = is_done == operation.inward
    if is_done and not operation.far_folder:
        _remove_companions(store, operation)
    if not stays_here:
        if record is not None:
            store.file_ops.unlink(store.record(operation.file))
        store.file_ops.sync(store.records)  # also of what was unlinked by one who failed just then


def _leave_out(store: Store, operation: Operation, record: Record | None) -> None:
    """Remove a companion that did not come after all from the record of its picture."""
    files = {member.file for member in operation.companions}
    if record is not None and files & set(record.files):
        left = tuple(companion for companion in record.companions if companion.file not in files)
        write_record(store, msgspec.structs.replace(record, companions=left), replaces=True)


def _remove_companions(store: Store, operation: Operation) -> None:
    """Delete the companions of a picture that has been deleted."""
    for member in operation.companions:
        companion = store.picture(member.file)
        if status_of(companion) is not None:
            store.file_ops.unlink(companion)
    if operation.companions:
        store.file_ops.sync(store.pictures)


def _park(store: Store, operation: Operation) -> None:
    """Set the operation aside so that others can go on: the picture stays here for now, and so says the log."""
    store.journal.park(operation)
    store.log.drop_torn_end(operation.log_bytes)
    noted = store.log.line_of(operation.event, operation.id, operation.log_bytes)
    if noted is not None and not operation.inward:
        store.log.append(Event.WITHDRAWN, store.clock(), noted)
    store.journal.clear()


def _retry_parked(store: Store, roots: Sequence[TrustedRoot] | None) -> None:
    """End what waits for a folder that is there by now."""
    for operation in store.journal.parked():
        if not _is_trusted(store, operation, roots):
            continue
        try:
            is_done = end_with_folder(store, operation)
            _set_down(store, operation, is_done)
            store.journal.drop(operation.id)
        except OSError:
            continue  # it waits on
        _log.warning(
            "%s: the interrupted operation (%s) is now %s",
            shown(operation.file), operation.event, "finished" if is_done else "undone",
        )  # fmt: skip


def record_of(store: Store, file: str, record_id: str) -> Record | None:
    """Read the record of a picture, if it is there and has this id."""
    try:
        record = load_record(store.records, file + RECORD_SUFFIX)
    except (FileNotFoundError, RecordMalformed):
        return None
    return record if record.id == record_id else None
