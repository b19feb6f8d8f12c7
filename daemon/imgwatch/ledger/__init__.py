"""What was judged, what is under way and what the user decided: SQLite in the state folder.

It makes each version of each file judged once. Lost, it is rebuilt from the quarantine's log and a new scan.
It moves nothing; of the quarantine it counts only the log's events that are passed to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from imgwatch.files import Identity, Version
from imgwatch.judgement import ReasonCode, Verdict
from imgwatch.ledger.counts import Counts
from imgwatch.ledger.facts import Facts
from imgwatch.ledger.feedback import Feedback
from imgwatch.ledger.file import LedgerFile
from imgwatch.ledger.left_alone import LeftAlone
from imgwatch.ledger.rows import UNFINISHED, Known, Listed, Row, parts_of, path_of, reason_columns, reason_of
from imgwatch.ledger.signatures import Signatures
from imgwatch.lifecycle import FileState
from imgwatch.wording import sentence

__all__ = ["Known", "Ledger", "Listed", "Row"]

_PATHS = "SELECT folder.path, seen.name FROM seen JOIN folder ON folder.id = seen.folder"
_FINISHED = (
    "SELECT name, ino, size, mtime_ns FROM seen WHERE folder = (SELECT id FROM folder WHERE path = ?)"
    f" AND state NOT IN {tuple(map(str, UNFINISHED))} AND (? IS NULL OR model = ?)"
)


class Ledger:
    """One ledger file, open. Safe for several processes; one object is for one thread.

    The rows of files are here; `facts`, `counts`, `feedback`, `left_alone` and `signatures` are the other tables.
    """

    def __init__(self, path: Path, *, mend: bool = True) -> None:
        """Open or make it. `mend`: set a damaged or newer file aside and begin anew; else raise LedgerDamaged."""
        self.path = path
        self._file = LedgerFile(path, mend=mend)
        self.facts = Facts(self._file)
        self.counts = Counts(self._file)
        self.feedback = Feedback(self._file)
        self.left_alone = LeftAlone(self._file)
        self.signatures = Signatures(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def mend(self, why: str) -> None:
        """Set the file aside, as damaged, and go on with a new one."""
        self._file.replace(why)

    def find_damage(self) -> str | None:
        """Check the whole file; return what is wrong with it, if anything."""
        answer = str(self._file.ask("PRAGMA quick_check(1)")[0][0])
        return None if answer == "ok" else answer

    def unfinished(self, folder: Path, listing: Mapping[str, Version], model: str | None = None) -> list[str]:
        """Return which files of one folder need a judgement: those whose version is not known as finished.

        With a `model`, also those that another has judged. Each of a million files comes by here at every start.
        """
        if not listing:
            return []
        names = os.fsencode("/".join(listing)).split(b"/")  # a loop would take three times as long
        finished = set(self._finished(os.fsencode(folder), names, model))
        _, *version = zip(*listing.values(), strict=True)
        if finished.issuperset(zip(names, *version, strict=True)):  # as in most folders
            return []
        identities = map(Identity.of_version, listing.values())
        known = zip(listing, names, identities, strict=True)
        return [name for name, spelt, identity in known if (spelt, *identity[1:]) not in finished]

    def _finished(self, folder: bytes, names: list[bytes], model: str | None) -> list[tuple[Any, ...]]:
        """Return name and version of all files of a small folder; of a folder with many more files, only of `names`."""
        most = 2 * len(names) + 100
        rows = self._file.ask(f"{_FINISHED} LIMIT ?", (folder, model, model, most))
        if len(rows) < most:
            return rows
        marks = ", ".join("?" * len(names))
        return self._file.ask(f"{_FINISHED} AND name IN ({marks})", (folder, model, model, *names))

    def known(self, path: Path) -> Known | None:
        """Return what is known of one file."""
        rows = self._file.rows(
            (int, int, int, str, str | None, str | None),
            "SELECT ino, size, mtime_ns, state, model, reason_code FROM seen"
            " WHERE folder = (SELECT id FROM folder WHERE path = ?) AND name = ?",
            parts_of(path),
        )
        return self._known(rows[0]) if rows else None

    def remember(self, rows: Iterable[Row], now: float) -> None:
        """Write rows in one transaction; a version that is judged for the first time is counted."""
        with self._file.writing():
            folders: dict[bytes, int] = {}
            for row in rows:
                self._remember_one(row, now, folders)

    def _remember_one(self, row: Row, now: float, folders: dict[bytes, int]) -> None:
        """Write one row. `folders`: the ids of those that this transaction has met."""
        judgement = row.judgement
        folder, name = parts_of(row.path)
        number = folders.get(folder)
        if number is None:
            number = folders[folder] = self._folder_id(folder)
        if judgement is not None and self._is_first_judgement(row):
            self.counts.add("judged", now)
            if judgement.verdict is Verdict.UNREADABLE:
                self.counts.add("unreadable", now)
        digest = bytes.fromhex(judgement.sha256) if judgement and judgement.sha256 else None
        self._file.ask(
            "INSERT OR REPLACE INTO seen (folder, name, ino, size, mtime_ns, state, score, model, sha256, why, at,"
            " reason_code, figures, kind, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                name,
                *row.identity[1:],
                row.state,
                judgement.score if judgement else None,
                judgement.model if judgement else None,
                digest,
                sentence(judgement.reason)
                if judgement and row.state is FileState.UNREADABLE
                else row.left_alone_as,
                now,
                *reason_columns(judgement),
                row.due,
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
                    parts_of(path),
                )

    def take_up_again(self, paths: Iterable[Path]) -> None:
        """Mark files to be judged again as if they were new; they are not counted again."""
        with self._file.writing():
            for path in paths:
                self._file.ask(
                    f"UPDATE seen SET state = '{FileState.UNSEEN}'"
                    " WHERE folder = (SELECT id FROM folder WHERE path = ?) AND name = ?",
                    parts_of(path),
                )

    def take_up_unreadable(self) -> None:
        """Mark all pictures to be tried again that could not be read for a reason which may be gone."""
        with self._file.writing():
            self._file.ask(
                f"UPDATE seen SET state = '{FileState.UNSEEN}' WHERE state = '{FileState.UNREADABLE}'"
                " AND reason_code = ?",
                (ReasonCode.TEMPORARILY_UNREADABLE,),
            )

    def temporarily_unreadable(self) -> list[tuple[Path, float]]:
        """Return the pictures that could not be read for a reason which may be gone, and when that was tried."""
        rows = self._file.rows(
            (bytes, bytes, float),
            "SELECT folder.path, seen.name, seen.at FROM seen JOIN folder ON folder.id = seen.folder"
            f" WHERE seen.state = '{FileState.UNREADABLE}' AND seen.reason_code = ?",
            (ReasonCode.TEMPORARILY_UNREADABLE,),
        )
        return [(path_of(folder, name), at) for folder, name, at in rows]

    def forget_all_in(self, *states: FileState) -> None:
        """Drop the rows of all files in these states."""
        marks = ", ".join("?" * len(states))
        with self._file.writing():
            self._file.ask(f"DELETE FROM seen WHERE state IN ({marks})", states)

    def passed_over(self) -> dict[str, int]:
        """Return how many files of each format, by name, are not looked at."""
        # spelt out, not bound: SQLite uses a partial index only for a condition that it can see
        rows = self._file.rows(
            (str | None, int),
            f"SELECT why, COUNT(*) FROM seen WHERE state = '{FileState.PASSED_OVER}' GROUP BY why",
        )
        return {str(name): number for name, number in rows}

    def waiting(self, state: FileState) -> list[Path]:
        """Return the files that are in this state: PENDING, HELD or REPORTED, which have an index."""
        # spelt out, not bound: SQLite uses a partial index only for a condition that it can see
        return self._paths(f"WHERE seen.state = '{state}'")

    def due(self, now: float, most: int) -> list[Path]:
        """Return at most `most` files whose wait has ended by `now`, the earliest first."""
        ended = f"WHERE seen.state = '{FileState.WAITING}' AND seen.due <= ?"
        return self._paths(f"{ended} ORDER BY seen.due LIMIT ?", (now, most))

    def scores(self, model: str, since: float) -> list[tuple[float, float]]:
        """Return (when, score) of what this model judged since then and what still lies in its folder, in order."""
        return self._file.rows(
            (float, float),
            "SELECT at, score FROM seen WHERE model = ? AND score IS NOT NULL AND at >= ? ORDER BY at",
            (model, since),
        )

    def unreadable(self, limit: int) -> list[tuple[Path, str, float]]:
        """Return the latest pictures that could not be read: path, why, when."""
        rows = self._file.rows(
            (bytes, bytes, str | None, float | None),
            "SELECT folder.path, seen.name, seen.why, seen.at FROM seen JOIN folder ON folder.id = seen.folder"
            " WHERE seen.state = 'unreadable' ORDER BY seen.at DESC LIMIT ?",
            (limit,),
        )
        return [(path_of(folder, name), why or "", at) for folder, name, why, at in rows]

    def listed(self, state: FileState) -> list[Listed]:
        """Return the files that are in a state, the latest first, with the reason and since when."""
        rows = self._file.rows(
            (bytes, bytes, str | None, str | None, str | None, float | None, float | None, str | None),
            "SELECT folder.path, seen.name, seen.reason_code, seen.figures, seen.why, seen.at, seen.score, seen.kind"
            f" FROM seen JOIN folder ON folder.id = seen.folder WHERE seen.state = '{state}' ORDER BY seen.at DESC",
        )
        return [
            Listed(path_of(folder, name), reason_of(code, figures, why), at, score, kind)
            for folder, name, code, figures, why, at, score, kind in rows
        ]

    def normal(self, limit: int) -> list[tuple[Path, str | None]]:
        """Return pictures that were kept, or lay there before the first start, spread over all: path, digest."""
        rows = self._file.rows(
            (bytes, bytes, bytes | None),
            "SELECT folder.path, seen.name, seen.sha256 FROM seen JOIN folder ON folder.id = seen.folder"
            " WHERE seen.state IN ('kept', 'existing') ORDER BY seen.ino * 2654435761 % 4294967296 LIMIT ?",
            (limit,),
        )
        return [(path_of(folder, name), digest.hex() if digest else None) for folder, name, digest in rows]

    def latest_kept(self, limit: int) -> list[Path]:
        """Return the pictures that were judged normal, the latest first."""
        return self._paths("WHERE seen.state = 'kept' ORDER BY seen.at DESC LIMIT ?", (limit,))

    def _paths(self, which: str, values: tuple[Any, ...] = ()) -> list[Path]:
        rows = self._file.rows((bytes, bytes), f"{_PATHS} {which}", values)
        return [path_of(folder, name) for folder, name in rows]

    def allow_restore_to(self, roots: Iterable[Path]) -> None:
        """Remember folders that were rescanned by name: what came from there may go back there."""
        with self._file.writing():
            for root in roots:
                self._file.ask("INSERT OR IGNORE INTO rescanned (path) VALUES (?)", (os.fsencode(root),))

    def rescanned(self) -> list[Path]:
        """Return the folders that were rescanned by name."""
        return [Path(os.fsdecode(row[0])) for row in self._file.rows((bytes,), "SELECT path FROM rescanned")]

    @property
    def has_replaced_another(self) -> bool:
        """Whether a damaged ledger was set aside for this one, so that folders unknown to it may have been watched."""
        return self._file.has_replaced_another

    def is_first_start(self, root: Path) -> bool:
        """Return whether this folder has never been watched before."""
        return self.facts.began(root) is None

    def begin(self, root: Path, rows: Iterable[Row], now: float) -> int:
        """Remember, all or nothing, what lies in a watched folder at its first start. Return how many files."""
        number = 0
        with self._file.writing(), self._file.without_index_of_existing():
            folders: dict[bytes, int] = {}
            for number, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
                self._remember_one(row, now, folders)
            self.facts.put_beginning(root, now)
        return number

    def _folder_id(self, folder: bytes) -> int:
        rows = self._file.rows((int,), "SELECT id FROM folder WHERE path = ?", (folder,))
        return int(
            (rows or self._file.ask("INSERT INTO folder (path) VALUES (?) RETURNING id", (folder,)))[0][0]
        )

    def _known(self, row: tuple[Any, ...]) -> Known:
        ino, size, mtime_ns, state, model, code = row
        is_worth_a_retry = state == FileState.UNREADABLE and code == ReasonCode.TEMPORARILY_UNREADABLE
        return Known(ino, size, mtime_ns, self._file.parsed(FileState, state), model, is_worth_a_retry)
