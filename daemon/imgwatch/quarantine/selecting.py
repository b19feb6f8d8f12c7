"""Which pictures in quarantine the user means: by id, by name, by path, or by the folder that they came from. Pure."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from imgwatch.errors import RecordAmbiguous, RecordMissing, shown
from imgwatch.quarantine.reader import Finder
from imgwatch.quarantine.record import Record

_SHOWN = 5  # pictures that are named where several are meant


class _Origins:
    """Positions in the list of records, by original path, by name, and by folder for the pictures that are meant."""

    def __init__(self, records: Sequence[Record], is_meant: Callable[[Record], bool]) -> None:
        self.paths: defaultdict[str, list[int]] = defaultdict(list)
        self.names: defaultdict[str, list[int]] = defaultdict(list)
        self.folders: defaultdict[str, list[int]] = defaultdict(list)
        for number, record in enumerate(records):
            original = Path(record.original)
            for name in {original.name, *(companion.name for companion in record.companions)}:
                self.names[name].append(number)
                self.paths[str(original.parent / name)].append(number)
            for folder in original.parents if is_meant(record) else ():
                self.folders[str(folder)].append(number)


class Selector:
    """Finds records by what the user says; `folder` is where relative paths start.

    A folder stands for those of its pictures for which `is_meant` holds.
    """

    def __init__(
        self, path: Path, records: Sequence[Record], is_meant: Callable[[Record], bool], folder: Path
    ) -> None:
        self._path = path
        self._records = records
        self._find = Finder(path, records)
        self._is_meant = is_meant
        self._folder = folder

    def __call__(self, text: str) -> list[Record]:
        """Return what an id, a file or a folder stands for. Raises RecordMissing or RecordAmbiguous."""
        by_id = self._by_id(text)
        by_origin = self._by_origin(text)
        if by_id and by_origin:
            raise RecordAmbiguous(
                f"{shown(text)} is both the beginning of an id and a name: write more of the id, or ./{shown(text)}"
            )
        if not by_id and not by_origin:
            raise RecordMissing(
                f"no picture in {shown(self._path)} has an id that begins with {shown(text)}, or came from there"
            )
        return by_id or by_origin

    def single(self, text: str) -> Record:
        """Return the one picture that is meant. Raises RecordMissing or RecordAmbiguous."""
        records = self(text)
        if len(records) > 1:
            raise _ambiguous(text, records)
        return records[0]

    def _by_id(self, text: str) -> list[Record]:
        if not text or not set(text) <= set("0123456789abcdef"):
            return []
        try:
            return [self._find(text)]
        except RecordMissing:
            return []

    @cached_property
    def _origins(self) -> _Origins:
        return _Origins(self._records, self._is_meant)

    def _by_origin(self, text: str) -> list[Record]:
        at_path = self._at(self._paths(text))
        if at_path or "/" in text:
            return at_path
        return self._only(text, [self._records[number] for number in self._origins.names.get(text, ())])

    def _at(self, paths: Collection[Path]) -> list[Record]:
        """Return the picture that came from one of the paths, or those that came from below it."""
        origins = self._origins
        at_path = {number for path in paths for number in origins.paths.get(str(path), ())}
        if at_path:
            records = [self._records[number] for number in sorted(at_path)]
            original = records[0].original
            return self._only(original, [record for record in records if record.original == original])
        below = {number for path in paths for number in origins.folders.get(str(path), ())}
        return [self._records[number] for number in sorted(below)]

    def _only(self, text: str, records: list[Record]) -> list[Record]:
        """Return the only record of this name, preferably one for which `is_meant` holds. Raises RecordAmbiguous."""
        records = [record for record in records if self._is_meant(record)] or records
        if len(records) > 1:
            raise _ambiguous(text, records)
        return records

    def _paths(self, text: str) -> set[Path]:
        """Return the path as it is written, and where it leads: records hold paths without symlinks."""
        with suppress(RuntimeError):  # no such user
            text = str(Path(text).expanduser())
        path = Path(os.path.normpath(self._folder / text))
        try:
            return {path, path.parent.resolve() / path.name, path.resolve()}
        except (OSError, RuntimeError):  # a link that leads to itself
            return {path}


def _ambiguous(text: str, records: Sequence[Record]) -> RecordAmbiguous:
    several = ", ".join(f"{record.id} ({shown(record.original)})" for record in records[:_SHOWN])
    more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
    return RecordAmbiguous(f"{shown(text)} stands for {len(records)} pictures; say which: {several}{more}")
