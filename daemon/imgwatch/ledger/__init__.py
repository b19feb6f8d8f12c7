"""What was judged, what is under way and what the user decided: SQLite in the state folder.

It makes each version of each file judged once. Lost, it is rebuilt from the quarantine's log and a new scan.
It moves nothing; of the quarantine it reads only the log's events that it is given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict, in_words
from imgwatch.ledger.file import LedgerFile
from imgwatch.lifecycle import FileState
from imgwatch.wording import sentence

_UNFINISHED = FileState.PENDING
_FINISHED = (
    "SELECT name, ino, size, mtime_ns FROM seen WHERE folder = (SELECT id FROM folder WHERE path = ?)"
    f" AND state != '{_UNFINISHED}' AND (? IS NULL OR model = ?)"
)


@dataclass(frozen=True)
class Row:
    """What is remembered of one file."""

    path: Path
    identity: Identity
    state: FileState
    judgement: Judgement | None = None


@dataclass(frozen=True)
class Listed:
    """A file that waits for the user, or stays for a reason: why, and since when (seconds since 1970)."""

    path: Path
    reason: Reason
    since: float
    score: float | None
    kind: str | None


@dataclass(frozen=True)
class Known:
    """What the ledger answers of a file: its version (no device: a reboot may renumber it), state, model."""

    ino: int
    size: int
    mtime_ns: int
    state: FileState
    model: str | None

    def covers(self, identity: Identity) -> bool:
        """Tell whether this version of the file needs no more work."""
        return self.is_version(identity) and self.state is not _UNFINISHED

    def is_version(self, identity: Identity) -> bool:
        """Tell whether this is the version of the file that was dealt with."""
        return (self.ino, self.size, self.mtime_ns) == (identity.ino, identity.size, identity.mtime_ns)


class Ledger:
    """One ledger file, open. Safe for several processes; one object is for one thread."""

    def __init__(self, path: Path, *, mend: bool = True) -> None:
        """Open or make it. `mend`: set a damaged or newer file aside and begin anew; else raise LedgerDamaged."""
        self.path = path
        self._file = LedgerFile(path, mend=mend)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def mend(self, why: str) -> None:
        """Set the file aside, as damaged, and go on with a new one."""
        self._file.replace(why)

    def find_damage(self) -> str | None:
        """Look through the whole file; say what is wrong with it, if anything."""
        found = str(self._file.ask("PRAGMA quick_check(1)")[0][0])
        return None if found == "ok" else found

    def unfinished(
        self, folder: Path, listing: Mapping[str, Identity], model: str | None = None
    ) -> list[str]:
        """Return which files of one folder want a judgement: those whose version is not known as finished.

        With a `model`, also those that another has judged. Each of a million files comes by here at every start.
        """
        names = [os.fsencode(name) for name in listing]
        finished = set(self._finished(os.fsencode(folder), names, model))
        versions = zip(names, listing.items(), strict=True)
        return [name for spelt, (name, identity) in versions if (spelt, *identity[1:]) not in finished]

    def _finished(self, folder: bytes, names: list[bytes], model: str | None) -> list[tuple[Any, ...]]:
        """Return name and version: of all files of a small folder, of one with many more files only of these."""
        most = 2 * len(names) + 100
        rows = self._file.ask(f"{_FINISHED} LIMIT ?", (folder, model, model, most))
        if len(rows) < most:
            return rows
        marks = ", ".join("?" * len(names))
        return self._file.ask(f"{_FINISHED} AND name IN ({marks})", (folder, model, model, *names))

    def known(self, path: Path) -> Known | None:
        """Return what is known of one file."""
        rows = self._file.ask(
            "SELECT ino, size, mtime_ns, state, model FROM seen"
            " WHERE folder = (SELECT id FROM folder WHERE path = ?) AND name = ?",
            (os.fsencode(path.parent), os.fsencode(path.name)),
        )
        return _known(rows[0]) if rows else None

    def remember(self, rows: Iterable[Row], now: float) -> None:
        """Write rows in one transaction; a version that is judged for the first time is counted."""
        with self._file.writing():
            for row in rows:
                self._remember_one(row, now)

    def _remember_one(self, row: Row, now: float) -> None:
        judgement = row.judgement
        if judgement is not None and self._is_first_judgement(row):
            self._count("judged", now)
            if judgement.verdict is Verdict.UNREADABLE:
                self._count("unreadable", now)
        digest = bytes.fromhex(judgement.sha256) if judgement and judgement.sha256 else None
        self._file.ask(
            "INSERT OR REPLACE INTO seen (folder, name, ino, size, mtime_ns, state, score, model, sha256, why, at,"
            " reason_code, figures, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._folder_id(row.path.parent),
                os.fsencode(row.path.name),
                *row.identity[1:],
                row.state,
                judgement.score if judgement else None,
                judgement.model if judgement else None,
                digest,
                sentence(judgement.reason) if judgement and row.state is FileState.UNREADABLE else None,
                now,
                *_reason_columns(judgement),
            ),
        )

    def _is_first_judgement(self, row: Row) -> bool:
        known = self.known(row.path)
        return known is None or not known.is_version(row.identity) or known.model is None

    def forget(self, paths: Iterable[Path]) -> None:
        """Drop the rows of files that have left their folder; what was counted stays counted."""
        with self._file.writing():
            for path in paths:
                self._file.ask(
                    "DELETE FROM seen WHERE folder = (SELECT id FROM folder WHERE path = ?) AND name = ?",
                    (os.fsencode(path.parent), os.fsencode(path.name)),
                )

    def waiting(self, state: FileState) -> list[Path]:
        """Return the files that are in state PENDING or HELD."""
        # spelt out, not bound: SQLite uses a partial index only for a condition that it can see
        rows = self._file.ask(
            "SELECT folder.path, seen.name FROM seen JOIN folder ON folder.id = seen.folder"
            f" WHERE seen.state = '{state}'"
        )
        return [Path(os.fsdecode(folder)) / os.fsdecode(name) for folder, name in rows]

    def count_events(self, log: str, events: Iterable[tuple[str, float]], since: int, offset: int) -> None:
        """Count the events of a quarantine's log between two of its bytes, each with its time, in one transaction.

        Does nothing when another process has counted on from `since` meanwhile.
        """
        with self._file.writing():
            if self.log_offset(log) != since:
                return
            for event, at in events:
                self._count(event, at)
            self._put_fact(f"log_offset {log}", str(offset))

    def log_offset(self, log: str) -> int:
        """Return up to which byte the quarantine's log of this name has been counted."""
        return int(self.fact(f"log_offset {log}") or 0)

    def counters(self) -> dict[str, int]:
        """Return all counts since the ledger began."""
        return dict(self._file.ask("SELECT name, value FROM counter"))

    def days(self, since: float) -> dict[str, dict[str, int]]:
        """Return the counts of each day since then: date (local, ISO 8601) -> name -> count."""
        found: dict[str, dict[str, int]] = {}
        rows = self._file.ask(
            "SELECT date, name, value FROM day WHERE date >= ? ORDER BY date", (_date(since),)
        )
        for date, name, value in rows:
            found.setdefault(date, {})[name] = value
        return found

    def scores(self, model: str, since: float) -> list[tuple[float, float]]:
        """Return (when, score) of what this model judged since then and what still lies in its folder, in order."""
        return self._file.ask(
            "SELECT at, score FROM seen WHERE model = ? AND score IS NOT NULL AND at >= ? ORDER BY at",
            (model, since),
        )

    def unreadable(self, limit: int) -> list[tuple[Path, str, float]]:
        """Return the latest pictures that could not be read: path, why, when."""
        rows = self._file.ask(
            "SELECT folder.path, seen.name, seen.why, seen.at FROM seen JOIN folder ON folder.id = seen.folder"
            " WHERE seen.state = 'unreadable' ORDER BY seen.at DESC LIMIT ?",
            (limit,),
        )
        return [
            (Path(os.fsdecode(folder)) / os.fsdecode(name), why or "", at) for folder, name, why, at in rows
        ]

    def listed(self, state: FileState) -> list[Listed]:
        """Return the files that are in a state, the latest first, with the reason and since when."""
        rows = self._file.ask(
            "SELECT folder.path, seen.name, seen.reason_code, seen.figures, seen.why, seen.at, seen.score, seen.kind"
            f" FROM seen JOIN folder ON folder.id = seen.folder WHERE seen.state = '{state}' ORDER BY seen.at DESC"
        )
        return [
            Listed(
                Path(os.fsdecode(folder)) / os.fsdecode(name), _reason(code, figures, why), at, score, kind
            )
            for folder, name, code, figures, why, at, score, kind in rows
        ]

    def normal(self, limit: int) -> list[tuple[Path, str | None]]:
        """Return pictures that were kept, or lay there before the first start, spread over all: path, digest."""
        rows = self._file.ask(
            "SELECT folder.path, seen.name, seen.sha256 FROM seen JOIN folder ON folder.id = seen.folder"
            " WHERE seen.state IN ('kept', 'existing') ORDER BY seen.ino * 2654435761 % 4294967296 LIMIT ?",
            (limit,),
        )
        return [
            (Path(os.fsdecode(folder)) / os.fsdecode(name), digest.hex() if digest else None)
            for folder, name, digest in rows
        ]

    def latest_kept(self, limit: int) -> list[Path]:
        """Return the pictures that were judged and kept last."""
        rows = self._file.ask(
            "SELECT folder.path, seen.name FROM seen JOIN folder ON folder.id = seen.folder"
            " WHERE seen.state = 'kept' ORDER BY seen.at DESC LIMIT ?",
            (limit,),
        )
        return [Path(os.fsdecode(folder)) / os.fsdecode(name) for folder, name in rows]

    def teach(self, sha256: str, is_junk: bool, at: float, embedding: tuple[str, bytes]) -> None:
        """Remember a decision about a picture, and what a model (its name, its numbers) makes of it."""
        with self._file.writing():
            self._file.ask(
                "INSERT OR REPLACE INTO lesson (sha256, is_junk, at, model, vector) VALUES (?, ?, ?, ?, ?)",
                (bytes.fromhex(sha256), is_junk, at, *embedding),
            )
            self._count_lessons()

    def unteach(self, sha256: str, is_junk: bool) -> None:
        """Forget a decision that was taken back, if there was one to this effect."""
        known = "SELECT 1 FROM lesson WHERE sha256 = ? AND is_junk = ?"
        if not self._file.ask(known, (bytes.fromhex(sha256), is_junk)):
            return
        with self._file.writing():
            self._file.ask("DELETE FROM lesson WHERE sha256 = ?", (bytes.fromhex(sha256),))
            self._count_lessons()

    def is_taught(self, sha256: str) -> bool:
        """Tell whether a decision about this picture is remembered."""
        return bool(self._file.ask("SELECT 1 FROM lesson WHERE sha256 = ?", (bytes.fromhex(sha256),)))

    def forget_lessons(self) -> None:
        """Forget every decision."""
        with self._file.writing():
            self._file.ask("DELETE FROM lesson")
            self._count_lessons()

    def lessons(self, limit: int) -> list[tuple[str, bool, float, str, bytes]]:
        """Return the latest decisions: digest, is it junk, when, which model's, its numbers."""
        rows = self._file.ask(
            "SELECT sha256, is_junk, at, model, vector FROM lesson ORDER BY at DESC LIMIT ?", (limit,)
        )
        return [(row[0].hex(), bool(row[1]), row[2], row[3], row[4]) for row in rows]

    def lessons_known(self) -> int:
        """Return how many decisions are remembered."""
        return int(self._file.ask("SELECT count(*) FROM lesson", ())[0][0])

    def _count_lessons(self) -> None:
        """Let others see by one number that something was decided."""
        self._put_fact("lessons", str(int(self.fact("lessons") or 0) + 1))

    def fact(self, name: str) -> str | None:
        """Return a fact that was put, or None."""
        rows = self._file.ask("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def put_fact(self, name: str, value: str) -> None:
        """Remember one named fact of the daemon's."""
        with self._file.writing():
            self._put_fact(name, value)

    def allow_restore_to(self, roots: Iterable[Path]) -> None:
        """Remember folders that were rescanned by name: what came from there may go back there."""
        with self._file.writing():
            for root in roots:
                self._file.ask("INSERT OR IGNORE INTO rescanned (path) VALUES (?)", (os.fsencode(root),))

    def rescanned(self) -> list[Path]:
        """Return the folders that were rescanned by name."""
        return [Path(os.fsdecode(row[0])) for row in self._file.ask("SELECT path FROM rescanned")]

    def is_first_start(self, root: Path) -> bool:
        """Tell whether this watched folder was never begun with."""
        return self.fact(f"begun {root}") is None

    def begin(self, root: Path, rows: Iterable[Row], now: float) -> int:
        """Remember, all or nothing, what lies in a watched folder at its first start. Return how many files."""
        number = 0
        with self._file.writing():
            for number, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
                self._remember_one(row, now)
            self._put_fact(f"begun {root}", str(now))
        return number

    def _put_fact(self, name: str, value: str) -> None:
        self._file.ask("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (_sane(name), value))

    def _count(self, name: str, at: float) -> None:
        self._file.ask(
            "INSERT INTO counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            (name,),
        )
        self._file.ask(
            "INSERT INTO day (date, name, value) VALUES (?, ?, 1)"
            " ON CONFLICT (date, name) DO UPDATE SET value = value + 1",
            (_date(at), name),
        )

    def _folder_id(self, folder: Path) -> int:
        path = os.fsencode(folder)
        found = self._file.ask("SELECT id FROM folder WHERE path = ?", (path,))
        return int(
            (found or self._file.ask("INSERT INTO folder (path) VALUES (?) RETURNING id", (path,)))[0][0]
        )


def _reason_columns(judgement: Judgement | None) -> tuple[str | None, str | None, str | None]:
    if judgement is None or judgement.verdict is Verdict.KEEP:
        return None, None, None
    reason = judgement.reason
    return reason.code, json.dumps(dict(reason.figures)), judgement.kind


def _reason(code: str | None, figures: str | None, why: str | None) -> Reason:
    """Read a reason back; of a row that an older version wrote, only what is unreadable has one."""
    try:
        return Reason(ReasonCode(code or ""), json.loads(figures or "{}"))
    except ValueError:
        return in_words(why or "judged by an older version")


def _known(row: tuple[Any, ...]) -> Known:
    ino, size, mtime_ns, state, model = row
    return Known(ino, size, mtime_ns, FileState(state), model)


def _date(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().date().isoformat()


def _sane(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
