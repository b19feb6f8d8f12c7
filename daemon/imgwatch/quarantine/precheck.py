"""What a candidate must be to be quarantined, and the record that it gets. Moves nothing."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from imgwatch.errors import BeingWritten, Changed, MoveRefused, RecordMalformed, Unfinished, shown
from imgwatch.files import FolderEntry, Identity, digest_of, opened_file, status_of
from imgwatch.judgement import Judgement
from imgwatch.quarantine.beside import Examined
from imgwatch.quarantine.companion import Companion
from imgwatch.quarantine.encoding import encode_json
from imgwatch.quarantine.metadata import FileMetadata, read_metadata
from imgwatch.quarantine.naming import stored_names
from imgwatch.quarantine.record import LONGEST_RECORD_BYTES, Record
from imgwatch.quarantine.safe_path import SafePath, opened_parent
from imgwatch.quarantine.store import Store, move_failed
from imgwatch.writers import has_writer


@contextmanager
def open_folder_of(safe_path: SafePath) -> Iterator[int]:
    """Open the folder of a candidate; raises Changed if it is gone."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened_parent(safe_path))
        except FileNotFoundError as fault:
            raise Changed(f"{shown(safe_path.path)} is gone") from fault
        except OSError as fault:
            raise move_failed(fault, f"cannot open the folder of {shown(safe_path.path)}") from fault
        yield folder


def examine(source: FolderEntry, identity: Identity, sha256: str | None) -> tuple[FileMetadata, str]:
    """Check that the judged file lies there, and read its metadata, and its digest unless `sha256` has it.

    Raises Changed, BeingWritten while somebody has it open for writing, MoveFailed.
    """
    changed = Changed(f"{shown(source.path)} is not the file that was judged; it stays")
    try:
        lying = status_of(source)
        if lying is None or not stat.S_ISREG(lying.st_mode) or Identity.of(lying) != identity:
            raise changed
        with opened_file(source) as opened:
            metadata_and_digest = read_metadata(opened), sha256 or digest_of(opened)
            if has_writer(opened):
                raise BeingWritten(f"{shown(source.path)} is open for writing; it stays until it is closed")
            if Identity.of(os.fstat(opened)) != identity:
                raise changed
            return metadata_and_digest
    except FileNotFoundError as fault:
        raise changed from fault
    except OSError as fault:
        raise move_failed(fault, f"cannot read {shown(source.path)}") from fault


def require_unchanged(source: FolderEntry, record: Record) -> tuple[Identity, FileMetadata]:
    """Return identity and metadata of a picture outside the quarantine. Raises Changed if it is gone or differs."""
    lying = status_of(source)
    if lying is None:
        raise Changed(f"{shown(source.path)} is gone")
    identity = Identity.of(lying)
    metadata, sha256 = examine(source, identity, None)
    if sha256 != record.sha256:
        raise Changed(f"{shown(source.path)} was changed since it left the quarantine; it stays")
    return identity, metadata


def new_record(  # noqa: PLR0913 - what a record is made of
    store: Store,
    safe_path: SafePath,
    identity: Identity,
    metadata: FileMetadata,
    judgement: Judgement,
    companions: Sequence[Examined] = (),
    destination: str | None = None,
) -> Record:
    """Return a new record of a picture and its companions, under free names."""
    record_id = secrets.token_hex(6)
    file = _free_name(store, safe_path.name, record_id, ())
    files = [file]
    for number, companion in enumerate(companions, 1):
        files.append(_free_name(store, companion.name, f"{record_id}-{number}", files))
    record = Record(
        id=record_id,
        file=file,
        original=str(safe_path.path),
        size_bytes=identity.size,
        metadata=metadata,
        judgement=judgement,
        quarantined_at=store.clock(),
        companions=tuple(
            Companion(companion.name, name, companion.identity.size, companion.sha256, companion.metadata)
            for companion, name in zip(companions, files[1:], strict=True)
        ),
        destination=destination,
    )
    return _checked(record, str(safe_path.path))


def _checked(record: Record, path: str) -> Record:
    """Return the record if it can be read again once it is written. Raises MoveRefused."""
    try:
        if len(encode_json(record.to_json())) > LONGEST_RECORD_BYTES:
            raise RecordMalformed("would be too long")
        return Record.from_json(record.to_json())
    except (RecordMalformed, ValueError) as fault:
        raise MoveRefused(f"{shown(path)}: its record {fault}; it stays") from fault


def joined_record(store: Store, record: Record, companion: Examined) -> Record:
    """Return the record of a picture with one more companion. Raises MoveRefused if there is no room for it."""
    number = len(record.companions) + 1
    file = _free_name(store, companion.name, f"{record.id}-{number}", record.files)
    joining = Companion(companion.name, file, companion.identity.size, companion.sha256, companion.metadata)
    joined = msgspec.structs.replace(record, companions=(*record.companions, joining))
    return _checked(joined, companion.name)


def returned_record(store: Store, record: Record, companions: Sequence[Companion]) -> Record:
    """Return the record of a picture that comes back after it was moved on, with these of its companions."""
    file = _free_name(store, Path(record.original).name, record.id, ())
    files = [file]
    for number, companion in enumerate(companions, 1):
        files.append(_free_name(store, companion.name, f"{record.id}-{number}", files))
    again = tuple(
        msgspec.structs.replace(companion, file=name)
        for companion, name in zip(companions, files[1:], strict=True)
    )
    return _checked(msgspec.structs.replace(record, file=file, companions=again), record.original)


def _free_name(store: Store, name: str, move_id: str, chosen: Sequence[str]) -> str:
    own, other = stored_names(name, move_id)
    return other if own in chosen or store.is_taken(own) else own


def require_finished(store: Store, record: Record) -> None:
    """Raise Unfinished while a move of this picture waits for a folder that is away."""
    waiting = next((operation for operation in store.journal.parked() if operation.id == record.id), None)
    if waiting is not None:
        raise Unfinished(
            f"{shown(record.file)}: a move was broken off and goes on when {shown(waiting.far_folder)} is there: "
            "mount it, or bring it back"
        )
