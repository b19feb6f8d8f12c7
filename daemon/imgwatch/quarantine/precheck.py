"""What a candidate must be to come into quarantine, and the record that it gets. Moves nothing."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from imgwatch.errors import Changed, MoveRefused, RecordMalformed, shown
from imgwatch.files import Identity, Place, digest_of, opened_file, status_of
from imgwatch.judgement import Judgement
from imgwatch.quarantine.metadata import FileMetadata, read_metadata
from imgwatch.quarantine.naming import stored_names
from imgwatch.quarantine.record import LONGEST_RECORD_BYTES, Record, encode_json
from imgwatch.quarantine.safe_path import SafePath, opened_parent
from imgwatch.quarantine.store import Store, move_failed


@contextmanager
def opened_folder_of(place: SafePath) -> Iterator[int]:
    """Open the folder of a candidate; raises Changed if it is gone."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened_parent(place))
        except FileNotFoundError as fault:
            raise Changed(f"{shown(place.path)} is gone") from fault
        except OSError as fault:
            raise move_failed(fault, f"cannot open the folder of {shown(place.path)}") from fault
        yield folder


def examined(source: Place, identity: Identity, sha256: str | None) -> tuple[FileMetadata, str]:
    """Check that the judged file lies there, and read its metadata, and its digest if nobody has."""
    changed = Changed(f"{shown(source.path)} is not the file that was judged; it stays")
    try:
        lying = status_of(source)
        if lying is None or not stat.S_ISREG(lying.st_mode) or Identity.of(lying) != identity:
            raise changed
        with opened_file(source) as opened:
            found = read_metadata(opened), sha256 or digest_of(opened)
            if Identity.of(os.fstat(opened)) != identity:
                raise changed
            return found
    except FileNotFoundError as fault:
        raise changed from fault
    except OSError as fault:
        raise move_failed(fault, f"cannot read {shown(source.path)}") from fault


def new_record(
    store: Store, place: SafePath, identity: Identity, metadata: FileMetadata, judgement: Judgement
) -> Record:
    """Make the record of a picture, under a name that is free."""
    record_id = secrets.token_hex(6)
    own, other = stored_names(place.name, record_id)
    record = Record(
        id=record_id,
        file=other if store.is_taken(own) else own,
        original=str(place.path),
        size_bytes=identity.size,
        metadata=metadata,
        judgement=judgement,
        quarantined_at=store.clock(),
    )
    try:
        if len(encode_json(record.to_json())) > LONGEST_RECORD_BYTES:
            raise RecordMalformed("would be too long")
        return Record.from_json(record.to_json())  # what is written can be read again, or is not written
    except (RecordMalformed, ValueError) as fault:
        raise MoveRefused(f"{shown(place.path)}: its record {fault}; it stays") from fault
