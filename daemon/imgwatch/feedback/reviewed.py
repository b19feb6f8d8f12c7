"""What reviews teach the next training: restored pictures belong in, copies of deleted ones do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch.files import FolderEntry, digest_of, opened_file, opened_folder
from imgwatch.lifecycle import TEACHES, Happening, Reducer, Teaching
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.history import LogEntry
from imgwatch.quarantine.record import Record
from imgwatch.scan import Scope, walk


@dataclass(frozen=True)
class Reviewed:
    """Paths to add to a training, paths to leave out of it, and the digests of all restored pictures."""

    restored: tuple[Path, ...]
    deleted: tuple[Path, ...]
    trusted: frozenset[str]


def reviewed(quarantine: Quarantine, folders: Sequence[Path]) -> Reviewed:
    """Return the restored pictures outside `folders`, and the copies of deleted ones inside them."""
    reducer, decisions = Reducer(), dict[str, LogEntry]()
    for entry in quarantine.history():
        reducer.note(Happening(entry.event, entry.record.id, entry.record.sha256))
        if entry.event in TEACHES:
            decisions[entry.record.sha256] = entry
    normal, junk = (
        [entry for sha256, entry in decisions.items() if reducer.teaching(sha256) is teaching]
        for teaching in (Teaching.NORMAL, Teaching.JUNK)
    )
    restored = [entry.went_to for entry in normal]
    return Reviewed(
        tuple(path for path in restored if path.is_file() and not _is_below(path, folders)),
        tuple(_copies([entry.record for entry in junk], folders)),
        frozenset(entry.record.sha256 for entry in normal),
    )


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _copies(records: Sequence[Record], folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the files with the digests of these records; only files of the right size are read."""
    sizes = {record.size_bytes for record in records}
    digests = {record.sha256 for record in records}
    for root in folders:
        for folder, listing in walk(Scope(root.resolve())):
            alike = [name for name, (_, _, size, _) in listing.items() if size in sizes]
            if not alike:
                continue
            with opened_folder(folder) as opened:
                for name in alike:
                    with opened_file(FolderEntry(opened, name, folder / name)) as descriptor:
                        if digest_of(descriptor) in digests:
                            yield folder / name
