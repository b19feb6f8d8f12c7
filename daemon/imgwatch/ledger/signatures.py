"""What identifies a picture when copies of it are looked for. `duplicates` knows what the numbers mean."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from imgwatch.files import Identity
from imgwatch.ledger.file import LedgerFile

_COLUMNS = "id, path, ino, size, mtime_ns, sha256, vectors, thumbnail, traits"
_TYPES = (int, bytes, int, int, int, bytes, bytes, bytes, str)


class Signed(NamedTuple):
    """One version of a picture with its digest, embeddings (float16, [N, D]), N thumbnails and traits.

    `number` grows: what was seen first has the lowest.
    """

    number: int
    path: Path
    ino: int
    size: int
    mtime_ns: int
    sha256: str
    vectors: bytes
    thumbnails: bytes
    traits: tuple[float, ...]

    def is_version(self, identity: Identity | None) -> bool:
        """Return whether this is the version of the file that was looked at."""
        return identity is not None and (self.ino, self.size, self.mtime_ns) == tuple(identity[1:])


class Signatures:
    """The table of signatures, made by one embedding model at a time."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def add(  # noqa: PLR0913 - the columns of a row
        self,
        path: Path,
        identity: Identity,
        sha256: str,
        model: str,
        vectors: bytes,
        thumbnails: bytes,
        traits: tuple[float, ...],
    ) -> Signed:
        """Remember a version of a picture, in place of the one that lay there before."""
        columns = (vectors, thumbnails, json.dumps(traits))
        with self._file.writing():
            self._file.ask(
                "INSERT OR REPLACE INTO signature (path, ino, size, mtime_ns, sha256, model, vectors, thumbnail,"
                " traits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (os.fsencode(path), *identity[1:], bytes.fromhex(sha256), model, *columns),
            )
        signed = self.at(path, model)
        assert signed is not None
        return signed

    def at(self, path: Path, model: str) -> Signed | None:
        """Return what is remembered of a path."""
        rows = self._file.rows(
            _TYPES,
            f"SELECT {_COLUMNS} FROM signature WHERE path = ? AND model = ?",
            (os.fsencode(path), model),
        )
        return self._signed(rows[0]) if rows else None

    def knows(self, path: Path) -> bool:
        """Return whether a path was ever looked at, and is not forgotten."""
        return bool(self._file.ask("SELECT 1 FROM signature WHERE path = ?", (os.fsencode(path),)))

    def with_digest(self, sha256: str, model: str) -> list[Signed]:
        """Return the pictures with these bytes, what was seen first before the others."""
        rows = self._file.rows(
            _TYPES,
            f"SELECT {_COLUMNS} FROM signature WHERE sha256 = ? AND model = ? ORDER BY id",
            (bytes.fromhex(sha256), model),
        )
        return [self._signed(row) for row in rows]

    def numbered(self, number: int) -> Signed | None:
        """Return the row with this number, if it is still there."""
        rows = self._file.rows(_TYPES, f"SELECT {_COLUMNS} FROM signature WHERE id = ?", (number,))
        return self._signed(rows[0]) if rows else None

    def vectors_since(self, number: int, model: str) -> list[tuple[int, bytes]]:
        """Return number and embeddings of what was added after this number, in order."""
        return self._file.rows(
            (int, bytes),
            "SELECT id, vectors FROM signature WHERE id > ? AND model = ? ORDER BY id",
            (number, model),
        )

    def paths(self) -> list[Path]:
        """Return the paths of all pictures that are remembered."""
        return [Path(os.fsdecode(row[0])) for row in self._file.rows((bytes,), "SELECT path FROM signature")]

    def forget(self, path: Path) -> None:
        """Forget a picture that has left its folder."""
        with self._file.writing():
            self._file.ask("DELETE FROM signature WHERE path = ?", (os.fsencode(path),))

    def _signed(self, row: tuple[Any, ...]) -> Signed:
        number, path, ino, size, mtime_ns, digest, vectors, thumbnails, traits = row
        numbers = self._file.parsed(_numbers, traits)
        return Signed(
            number, Path(os.fsdecode(path)), ino, size, mtime_ns, digest.hex(), vectors, thumbnails, numbers
        )


def _numbers(text: str) -> tuple[float, ...]:
    numbers = json.loads(text)
    if not isinstance(numbers, list) or not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("no list of numbers")
    return tuple(numbers)
