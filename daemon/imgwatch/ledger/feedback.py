"""What the user decided, with a model's embeddings of the pictures."""

from __future__ import annotations

from typing import NamedTuple

from imgwatch.ledger.file import LedgerFile


class Remembered(NamedTuple):
    """One decision: the picture's SHA-256, whether it is junk, when (seconds since 1970), model, and its embedding."""

    sha256: str
    is_junk: bool
    at: float
    model: str
    vector: bytes


class Feedback:
    """The table of decisions (called `lesson` in the file)."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file

    def remember(self, decision: Remembered) -> None:
        """Remember a decision about a picture; it replaces an earlier one."""
        with self._file.writing():
            self._file.ask(
                "INSERT OR REPLACE INTO lesson (sha256, is_junk, at, model, vector) VALUES (?, ?, ?, ?, ?)",
                (bytes.fromhex(decision.sha256), *decision[1:]),
            )
            self._count_change()

    def forget(self, sha256: str, is_junk: bool) -> None:
        """Forget a decision that was undone, if there was one to this effect."""
        known = "SELECT 1 FROM lesson WHERE sha256 = ? AND is_junk = ?"
        if not self._file.ask(known, (bytes.fromhex(sha256), is_junk)):
            return
        with self._file.writing():
            self._file.ask("DELETE FROM lesson WHERE sha256 = ?", (bytes.fromhex(sha256),))
            self._count_change()

    def forget_all(self) -> None:
        """Forget every decision."""
        with self._file.writing():
            self._file.ask("DELETE FROM lesson")
            self._count_change()

    def has(self, sha256: str) -> bool:
        """Return whether a decision about this picture is remembered."""
        return bool(self._file.ask("SELECT 1 FROM lesson WHERE sha256 = ?", (bytes.fromhex(sha256),)))

    def latest(self, limit: int) -> list[Remembered]:
        """Return the latest decisions."""
        rows = self._file.rows(
            (bytes, int, float, str, bytes),
            "SELECT sha256, is_junk, at, model, vector FROM lesson ORDER BY at DESC LIMIT ?",
            (limit,),
        )
        return [Remembered(row[0].hex(), bool(row[1]), *row[2:]) for row in rows]

    def count(self) -> int:
        """Return how many decisions are remembered."""
        return int(self._file.ask("SELECT count(*) FROM lesson")[0][0])

    def changes(self) -> int:
        """Return a number that grows with every change, by whatever process."""
        rows = self._file.rows((str,), "SELECT value FROM fact WHERE name = 'lessons'")
        return self._file.parsed(int, rows[0][0]) if rows else 0

    def _count_change(self) -> None:
        number = str(self.changes() + 1)
        self._file.ask("INSERT OR REPLACE INTO fact (name, value) VALUES ('lessons', ?)", (number,))
