"""Pictures that the user moved by hand, out of the quarantine or out of the folder for their kind: noted in the log.

It moves nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from imgwatch.files import COARSEST_NS, status_of
from imgwatch.lifecycle import Event
from imgwatch.quarantine import operations
from imgwatch.quarantine.beside import companions_here
from imgwatch.quarantine.moved import Moved
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.store import Store


def may_be(record: Record, written_ns: int | None) -> bool:
    """Return whether a file written at `written_ns` (None: not known) may be the picture of a record."""
    return written_ns is None or abs(written_ns - record.metadata.mtime_ns) <= COARSEST_NS


def note_taken_out(store: Store, record: Record, path: Path) -> bool:
    """Note that a picture of which only the record is here was restored to `path`; return whether that is so."""
    if status_of(store.picture(record.file)) is not None:
        return False
    if not companions_here(store, record):
        operations.note_removal(store, record, path)
    return True


def note_returned(store: Store, moved: Moved, path: Path) -> bool:
    """Note that a picture that was moved on, and is no longer there, was restored to `path`; return whether it was."""
    is_away = not moved.path.parent.is_dir()  # its disk, perhaps
    if is_away or os.path.lexists(moved.path):
        return False
    operations.note(store, Event.TAKEN_BACK, moved.record)
    operations.note(store, Event.RESTORED, moved.record, str(path))
    return True
