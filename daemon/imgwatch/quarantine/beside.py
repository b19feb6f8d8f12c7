"""The companions of a picture, beside it and in quarantine: what they are, and what they are called. Moves nothing."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from imgwatch.errors import BeingWritten, MoveRefused, OutsideRoots, shown
from imgwatch.files import FolderEntry, Identity, digest_of, opened_file, status_of
from imgwatch.quarantine.companion import MOST, Companion
from imgwatch.quarantine.fields import is_plain_name
from imgwatch.quarantine.metadata import FileMetadata, read_metadata
from imgwatch.quarantine.naming import renamed_with, stored_names
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.store import Store
from imgwatch.writers import has_writer

_log = logging.getLogger(__name__)


class Examined(NamedTuple):
    """A companion as it lies beside its picture."""

    name: str
    identity: Identity
    metadata: FileMetadata
    sha256: str


def examine_beside(picture: FolderEntry, names: Sequence[str]) -> list[Examined]:
    """Look at the files beside a picture that go with it.

    Raises OutsideRoots for what lies elsewhere, BeingWritten while one is written, MoveRefused.
    """
    if not all(map(is_plain_name, names)):
        raise OutsideRoots(
            f"{shown(picture.path)}: its companions must be in the same folder; nothing is moved"
        )
    if len(names) > MOST:
        raise MoveRefused(
            f"{shown(picture.path)} has more than {MOST} companions; it stays, and they with it"
        )
    return [_examined(entry_beside(picture, name)) for name in names]


def _examined(entry: FolderEntry) -> Examined:
    busy = BeingWritten(f"{shown(entry.path)} is being written; it stays, and its picture with it")
    try:
        with opened_file(entry) as opened:
            identity = Identity.of(os.fstat(opened))
            companion = Examined(entry.name, identity, read_metadata(opened), digest_of(opened))
            if has_writer(opened) or Identity.of(os.fstat(opened)) != identity:
                raise busy
            return companion
    except FileNotFoundError as fault:
        raise busy from fault
    except OSError as fault:
        raise MoveRefused(
            f"{shown(entry.path)} cannot be read ({fault.strerror}); it stays, and its picture with it"
        ) from fault


def companions_here(store: Store, record: Record) -> list[Companion]:
    """Return the companions that lie in quarantine as they came; the log names those that do not."""
    return [companion for companion in record.companions if _is_as_it_came(store, companion)]


def _is_as_it_came(store: Store, companion: Companion) -> bool:
    entry = store.picture(companion.file)
    try:
        with opened_file(entry) as opened:
            is_own = status_of(store.record(companion.file)) is not None  # then it is a picture of its own
            if not is_own and digest_of(opened) == companion.sha256:
                return True
        why = "is not what came with its picture"
    except OSError as fault:
        why = fault.strerror or "cannot be read"
    _log.warning("%s: left alone: %s", shown(entry.path), why)
    return False


def returning_beside(picture: FolderEntry, record: Record) -> list[tuple[Companion, Examined]]:
    """Return the companions that lie beside a picture which has left the quarantine, as far as they are unchanged."""
    names = names_beside(record, picture.name)
    lying = [companion for companion in record.companions if lies_beside(picture, names[companion.file])]
    beside = examine_beside(picture, [names[companion.file] for companion in lying])
    return [
        (companion, seen)
        for companion, seen in zip(lying, beside, strict=True)
        if seen.sha256 == companion.sha256
    ]


def lies_beside(picture: FolderEntry, name: str) -> bool:
    """Return whether a regular file of this name lies beside a picture."""
    status = status_of(entry_beside(picture, name))
    return status is not None and stat.S_ISREG(status.st_mode)


def entry_beside(picture: FolderEntry, name: str) -> FolderEntry:
    """Return another name in the picture's folder."""
    return FolderEntry(picture.folder, name, picture.path.with_name(name))


def names_beside(record: Record, name: str) -> dict[str, str]:
    """Return what the companions are called beside their picture where that is called `name`, by their files."""
    return {
        companion.file: renamed_with(companion.name, Path(record.original).name, name)
        for companion in record.companions
    }


def first_obstacle(target: FolderEntry, names: Iterable[str]) -> FolderEntry | None:
    """Return what lies where the picture or a companion is to be put, if anything does."""
    entries = (target, *(entry_beside(target, name) for name in names))
    return next((entry for entry in entries if status_of(entry) is not None), None)


def free_entry(target: FolderEntry, record: Record, here: Collection[str]) -> FolderEntry:
    """Return the first of a.jpg, a-2.jpg, a-3.jpg under which the picture and its companions find room."""
    numbered, number = target, 1
    while first_obstacle(
        numbered, (name for file, name in names_beside(record, numbered.name).items() if file in here)
    ):
        number += 1
        numbered = entry_beside(target, stored_names(target.name, str(number))[1])
    return numbered
