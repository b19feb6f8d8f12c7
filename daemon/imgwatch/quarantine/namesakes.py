"""Pictures in quarantine whose names begin alike, found without reading every record."""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from pathlib import Path

from imgwatch.quarantine.reader import read_some
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.store import RECORDS

_COARSE_NS = 100_000_000  # no file system that has nanoseconds counts time more coarsely


class Namesakes:
    """The names of a quarantine's records, listed again whenever one has come or gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, list[str]] = {}
        self._seen: tuple[int, int] | None = None

    def of(self, original: Path) -> list[Record]:
        """Return the records from the folder of `original` whose names begin as its name does."""
        self._refresh()
        names = self._names.get(beginning_of(original.name), ())
        records = read_some(self._path, names) if names else []
        return [record for record in records if Path(record.original).parent == original.parent]

    def _refresh(self) -> None:
        try:
            status = (self._path / RECORDS).stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen == self._seen:
                return
            names = os.listdir(self._path / RECORDS)
        except OSError:  # not made yet, or its disk is away: whoever moves something says so
            self._names, self._seen = {}, None
            return
        self._names = defaultdict(list)
        for name in sorted(names):
            self._names[beginning_of(name)].append(name)
        # What changes a moment after that may leave the folder with the same time.
        self._seen = seen if time.time_ns() - status.st_mtime_ns > _COARSE_NS else None


def beginning_of(name: str) -> str:
    """Return what the names of a picture, of its companions and of its record have in common."""
    own = re.sub(r"-[0-9a-f]{12}(?=\.|$)", "", name)  # the suffix of one whose name was taken in quarantine
    return re.split(r"[.(]", own, maxsplit=1)[0]
