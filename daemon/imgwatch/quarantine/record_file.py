"""Write the record of a picture in quarantine, so that it is there whole or not at all."""

from __future__ import annotations

import os

from imgwatch.files import status_of
from imgwatch.quarantine.encoding import encode_json
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.store import Store


def write_record(store: Store, record: Record, *, replaces: bool = False) -> None:
    """Write a record to the disk. Unless it `replaces` one, it reserves the name, or raises FileExistsError."""
    unfinished = store.unfinished_record
    if status_of(unfinished) is not None:
        store.file_ops.unlink(unfinished)
    descriptor = store.file_ops.create(store.root, unfinished.name)
    try:
        store.file_ops.write(descriptor, encode_json(record.to_json()), 0)
        store.file_ops.sync(descriptor)
    finally:
        os.close(descriptor)
    rename = store.file_ops.replace if replaces else store.file_ops.rename
    rename(unfinished, store.record(record.file))
    store.file_ops.sync(store.records)
