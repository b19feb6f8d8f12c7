"""What the quarantine does: begin an operation, carry it out, undo what failed. What was left, `recovery` ends.

An operation is in the journal before it begins. Whatever breaks it off, afterwards the picture is whole in
exactly one place, and has a record if and only if that is the quarantine.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from imgwatch.errors import Conflict, ImgwatchError, RecordMissing, shown
from imgwatch.files import FolderEntry, Identity, opened_file, status_of
from imgwatch.lifecycle import Event
from imgwatch.quarantine import recovery
from imgwatch.quarantine.companion import Companion
from imgwatch.quarantine.journal import Member, Operation
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.move import Inodes, Transfer
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.record_file import write_record
from imgwatch.quarantine.recovery import conclude, moves_of
from imgwatch.quarantine.store import Store, move_failed
from imgwatch.quarantine.transfer import transfer
from imgwatch.quarantine.unfinished import undo_transfer

_NO_FILE = Identity(0, 0, 0, 0)  # a deletion looks only at the name, which is in our own folder
_log = logging.getLogger(__name__)


def move_in(store: Store, record: Record, source: FolderEntry, identities: Sequence[Identity]) -> None:
    """Move a picture into quarantine: record first, move second. `identities`: the picture's, then its companions'."""
    companions = zip(record.companions, identities[1:], strict=True)
    members = tuple(Member(companion.file, identity, companion.name) for companion, identity in companions)
    operation = _begin(store, Event.QUARANTINED, record, identities[0], source, members)
    _carry_out(store, operation, moves_of(store, operation, source, record), record)


def move_companion_in(store: Store, record: Record, source: FolderEntry, identity: Identity) -> None:
    """Move a companion after its picture; `record` names it, as the last, and replaces the one that did not."""
    joining = record.companions[-1]
    member = Member(joining.file, identity, joining.name)
    operation = _begin(store, Event.JOINED, record, None, source, (member,))
    _carry_out(store, operation, moves_of(store, operation, source, record), record)


def move_back_in(  # noqa: PLR0913 - what an operation is made of
    store: Store,
    event: Event,
    record: Record,
    source: FolderEntry,
    identities: Sequence[Identity],
    names: Mapping[str, str],
) -> None:
    """Bring back what was moved on, under the same record. `names`: of its companions there, by theirs in pictures/."""
    companions = zip(record.companions, identities[1:], strict=True)
    members = tuple(
        Member(companion.file, identity, names[companion.file]) for companion, identity in companions
    )
    operation = _begin(store, event, record, identities[0], source, members)
    _carry_out(store, operation, moves_of(store, operation, source, record), record)


def move_out(
    store: Store, event: Event, record: Record, target: FolderEntry, names: Mapping[str, str]
) -> None:
    """Restore or move on. The log has the digest before the picture reappears, so that it is not taken again.

    `names`: of the companions that go along, by their names in pictures/.
    """
    identity = _put_back_metadata(store, record.file, record.metadata, record.id)
    members = tuple(
        Member(
            companion.file,
            _put_back_metadata(store, companion.file, companion.metadata, record.id),
            names[companion.file],
        )
        for companion in record.companions
        if companion.file in names
    )
    operation = _begin(store, event, record, identity, target, members)
    _carry_out(store, operation, moves_of(store, operation, target, None), record)


def _put_back_metadata(store: Store, file: str, metadata: FileMetadata, record_id: str) -> Identity:
    """Set the metadata of a file from its record before it is moved, and return its identity after that."""
    picture = store.picture(file)
    try:
        with opened_file(picture) as opened:
            lost = shown(", ".join(store.file_ops.apply_metadata(opened, metadata.harmless())))
            if lost:
                _log.warning("%s: restored without %s", shown(picture.path), lost)
            return Identity.of(os.fstat(opened))
    except FileNotFoundError as fault:
        raise RecordMissing(
            f"{shown(picture.path)} is gone; delete {record_id} to drop its record"
        ) from fault
    except OSError as fault:
        raise move_failed(fault, f"cannot restore {shown(picture.path)}") from fault


def remove(store: Store, record: Record, event: Event, companions: Sequence[Companion]) -> None:
    """Delete or purge the picture, and these companions of it, for good; the picture is the first to go."""
    picture = store.picture(record.file)
    members = tuple(Member(companion.file, _NO_FILE, companion.name) for companion in companions)
    operation = _begin(store, event, record, None, None, members)
    try:
        for file in operation.files:
            if status_of(store.picture(file)) is not None:
                store.file_ops.unlink(store.picture(file))
        store.file_ops.sync(store.pictures)
        store.log.append(event, store.clock(), record)
    except OSError as fault:
        if not _undo(store, operation, []):
            raise move_failed(fault, f"cannot delete {shown(picture.path)}") from fault
    _conclude_later(store, operation)


def note_removal(store: Store, record: Record, path: Path) -> None:
    """Note that a picture was taken out by hand, to `path`: the log first. Killed in between, a record is left over."""
    note(store, Event.RESTORED, record, str(path))
    try:
        store.file_ops.unlink(store.record(record.file))
        store.file_ops.sync(store.records)
    except OSError as fault:
        raise move_failed(fault, f"cannot remove the record of {shown(record.file)}") from fault


def note(store: Store, event: Event, record: Record, to: str | None = None) -> None:
    """Write into the log what the user wants; a line that is torn counts as not written.

    It waits for the journal first: an operation that reappears after a power cut must not end after this line.
    """
    try:
        store.journal.flush()
        store.log.append(event, store.clock(), record, to)
    except OSError as fault:
        raise move_failed(fault, f"cannot record the decision in {shown(store.path)}") from fault


def _begin(  # noqa: PLR0913 - what an operation is made of
    store: Store,
    event: Event,
    record: Record,
    identity: Identity | None,
    far: FolderEntry | None,
    companions: tuple[Member, ...],
) -> Operation:
    folder = os.fstat(far.folder) if far else None
    operation = Operation(
        event=event,
        id=record.id,
        file=record.file,
        identity=identity or _NO_FILE,
        log_bytes=store.log.size_bytes,
        far_folder=str(far.path.parent) if far else "",
        far_name=far.name if far else "",
        far_dev=folder.st_dev if folder else None,
        far_ino=folder.st_ino if folder else None,
        companions=companions,
    )
    try:
        store.journal.write(operation)
    except OSError as fault:
        raise move_failed(fault, f"cannot begin with {shown(record.file)} in {shown(store.path)}") from fault
    return operation


def _carry_out(store: Store, operation: Operation, moves: Sequence[Transfer], record: Record) -> None:
    begun, inward = operation, operation.inward

    def note_copies(inos: Inodes) -> None:
        nonlocal begun
        begun = operation.copying(inos)
        store.journal.write(begun)

    try:
        if inward:
            write_record(store, record, replaces=operation.event is Event.JOINED)
        else:
            store.log.append(operation.event, store.clock(), record, operation.goes_to)
        transfer(store.file_ops, moves, note_copies)
        if inward:
            store.log.append(operation.event, store.clock(), record)
    except (OSError, ImgwatchError) as fault:
        if not _undo(store, begun, moves):
            raise _failure(fault, moves[0]) from fault
    _conclude_later(store, begun)


def _undo(store: Store, operation: Operation, moves: Sequence[Transfer]) -> bool:
    """Undo what failed; return True if it could only be finished. The next operation ends what fails now."""
    try:
        store.log.flush()  # a line that failed to reach the disk may be what is acted on now
        is_done = (
            undo_transfer(store.file_ops, moves, operation.inos())
            if moves
            else recovery.end_without_folder(store, operation)
        )
        if not is_done:
            conclude(store, operation, is_done=False)
    except OSError as fault:
        _log.warning("%s: left to the next operation: %s", shown(operation.file), fault.strerror)
        return False
    return is_done


def _conclude_later(store: Store, operation: Operation) -> None:
    """Tidy up after a completed operation; if that fails, the next operation does it."""
    try:
        conclude(store, operation, is_done=True)
    except OSError as fault:
        _log.warning("%s: left to the next operation: %s", shown(operation.file), fault.strerror)


def conflict(target: FolderEntry) -> Conflict:
    """Return the error that names what is in the way of a restored picture."""
    return Conflict(f"{shown(target.path)} is in the way; move it aside or restore to another folder")


def _failure(fault: OSError | ImgwatchError, move: Transfer) -> ImgwatchError:
    if isinstance(fault, ImgwatchError):
        return fault
    if isinstance(fault, FileExistsError) and not move.inward:
        return conflict(move.target)
    source, target = shown(move.source.path), shown(move.target.path)
    return move_failed(fault, f"cannot move {source} to {target}; it stays where it is")
