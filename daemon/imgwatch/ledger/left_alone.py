"""Pictures that are left alone wherever they turn up: what lay there on the first day, and what was taken back.

They are recognised by facts of the file or by their pixels. `pipeline` decides what becomes of them.
"""

from __future__ import annotations

import os

from imgwatch.files import COARSEST_NS, Identity
from imgwatch.ledger.file import LedgerFile
from imgwatch.lifecycle import FileState

_INT64 = 2**63 - 1
_SECOND_NS = 1_000_000_000
# Which version of a file lay there. The index is partial, and SQLite uses it only for a condition that it can see.
_LAY_THERE = (
    f"SELECT ino, name, mtime_ns FROM seen WHERE state = '{FileState.EXISTING}' AND size = ?"
    " AND mtime_ns BETWEEN ? AND ?"
)


class LeftAlone:
    """The tables of what is left alone."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def lay_there(self, identity: Identity, name: str) -> bool:
        """Return whether this version of a file lay in a watched folder on the first day, perhaps elsewhere.

        It has the size and time of one that did, and also its inode, its name, or a time with fractions of a second:
        many files may share a size and a whole second. Times may differ by as much as FAT rounds them.
        """
        time_ns, spelt = identity.mtime_ns, os.fsencode(name.lower())
        around = (max(time_ns - COARSEST_NS, -_INT64), min(time_ns + COARSEST_NS, _INT64))
        for ino, other, other_ns in self._file.rows((int, bytes, int), _LAY_THERE, (identity.size, *around)):
            has_its_name = other.lower() == spelt
            is_exact = other_ns == time_ns and (ino == identity.ino or time_ns % _SECOND_NS != 0)
            if has_its_name or is_exact:
                return True
        return False

    def note_existing(self, pixels: bytes) -> None:
        """Remember the pixels of a picture that lay there on the first day, now that it was read."""
        with self._file.writing():
            self._file.ask("INSERT OR IGNORE INTO existing_pixels (pixels) VALUES (?)", (pixels,))

    def has_pixels_of_existing(self, pixels: bytes) -> bool:
        """Return whether a picture has the pixels of one that lay there on the first day."""
        return bool(self._file.ask("SELECT 1 FROM existing_pixels WHERE pixels = ?", (pixels,)))

    def note_moved(self, record_id: str, sha256: str, pixels: bytes | None) -> None:
        """Remember a picture that went into the quarantine."""
        with self._file.writing():
            self._file.ask(
                "INSERT OR REPLACE INTO moved (record, sha256, pixels) VALUES (?, ?, ?)",
                (record_id, bytes.fromhex(sha256), pixels),
            )

    def moved_before(self, sha256: str, pixels: bytes | None) -> list[tuple[str, str]]:
        """Return record and digest of the pictures moved before that have these bytes or these pixels."""
        rows = self._file.rows(
            (str, bytes),
            "SELECT record, sha256 FROM moved WHERE sha256 = ? UNION SELECT record, sha256 FROM moved WHERE pixels = ?",
            (bytes.fromhex(sha256), pixels),
        )
        return [(str(record), digest.hex()) for record, digest in rows]
