"""What a picture that was moved on is to be in quarantine again, and with which of its companions. Moves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from imgwatch.errors import MoveRefused, shown
from imgwatch.files import FolderEntry, Identity
from imgwatch.quarantine.beside import returning_beside
from imgwatch.quarantine.precheck import require_unchanged, returned_record
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.store import Store


class Returning(NamedTuple):
    """The record that a picture gets; what lies there: identities, its own first, and names by those in pictures/."""

    record: Record
    files: tuple[Sequence[Identity], Mapping[str, str]]


def returning(store: Store, source: FolderEntry, record: Record) -> Returning:
    """Look at a picture where it was moved to, and at the companions that lie beside it as they were.

    Raises Changed if it is no longer the very picture, BeingWritten, MoveRefused.
    """
    identity, _ = require_unchanged(source, record)
    beside = returning_beside(source, record)
    again = returned_record(store, record, [companion for companion, _ in beside])
    names = {companion.file: file.name for companion, (_, file) in zip(again.companions, beside, strict=True)}
    return Returning(again, ([identity, *(file.identity for _, file in beside)], names))


def require_same_folder(late: Path, record: Record) -> None:
    """Raise MoveRefused unless a file lies in the folder from which a picture came."""
    if late.parent != Path(record.original).parent:
        raise MoveRefused(f"{shown(late)} does not lie where {shown(record.file)} came from; it stays")
