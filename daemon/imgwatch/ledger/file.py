"""The ledger's file: queries that turn every fault of SQLite into one of ours; a damaged file is set aside.

`schema` knows its tables, `ledger` what is in them.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from imgwatch.errors import IoFailed, LedgerDamaged, Unavailable, shown
from imgwatch.ledger import schema

log = logging.getLogger(__name__)

_Value = TypeVar("_Value")

_WRITE_VERSION_AT, _NEWEST_WRITE_VERSION = 18, b"\x02"  # a byte of SQLite's header; 2: with a write-ahead log
_BUSY_SECONDS = 10


class LedgerFile:
    """One open SQLite file.

    Raises Unavailable while another process locks it, LedgerDamaged, FormatTooNew, IoFailed.
    """

    def __init__(self, path: Path, *, mend: bool) -> None:
        self.path = path
        self._connection = _open(path, mend)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def has_replaced_another(self) -> bool:
        """Whether a damaged ledger was set aside here, now or at an earlier start."""
        return any(self.path.parent.glob(f"{self.path.name}.damaged-*"))

    def replace(self, why: str) -> None:
        """Set the file aside and go on with a new one."""
        self._connection.close()
        _set_aside(self.path, why)
        self._connection = _open(self.path, mend=False)

    def ask(self, question: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows."""
        try:
            return self._connection.execute(question, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as fault:
            raise _worded(self.path, fault) from fault

    def rows(
        self, types: tuple[Any, ...], question: str, values: tuple[Any, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a query whose columns are of these types, such as `(bytes, int | None)`.

        Raises LedgerDamaged for a value of another type: SQLite stores any type in any column.
        """
        rows = self.ask(question, values)
        for row in rows:
            if not all(map(isinstance, row, types)):
                raise self.damaged(f"a row with {row!r:.200}")
        return rows

    def parsed(self, parse: Callable[[str], _Value], text: str) -> _Value:
        """Return `parse(text)`. Raises LedgerDamaged where that fails."""
        try:
            return parse(text)
        except ValueError as fault:
            raise self.damaged(f"{text!r:.100}: {fault}") from fault

    def damaged(self, what: str) -> LedgerDamaged:
        """Return the error for a value that this program did not write."""
        return LedgerDamaged(f"{shown(self.path)}: the ledger is damaged: {what}")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the statements of the block as one transaction: all of it or nothing."""
        self.ask("BEGIN IMMEDIATE")
        try:
            yield
            self.ask("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite itself has undone it when the disk was full
                self._connection.rollback()
            raise

    @contextmanager
    def without_index_of_existing(self) -> Iterator[None]:
        """Build the index of existing files once, at the end: kept current, it costs a million rows a third more."""
        self.ask("DROP INDEX IF EXISTS seen_existing")
        yield
        self.ask(schema.EXISTING_INDEX.replace("INDEX", "INDEX IF NOT EXISTS"))


def _worded(path: Path, fault: sqlite3.DatabaseError | UnicodeDecodeError) -> IoFailed | Unavailable:
    if _tells_of_damage(fault) or _is_only_read(path, fault):
        return LedgerDamaged(f"{shown(path)}: the ledger is damaged: {fault}")
    if "locked" in str(fault):
        return Unavailable(f"{shown(path)}: the ledger is locked by another process; end that one")
    remedy = {
        "database or disk is full": "; make room on that file system",
        "attempt to write a readonly database": "; give this user the right to write it and its folder",
    }.get(str(fault), "")
    return IoFailed(f"{shown(path)}: the ledger cannot be used: {fault}{remedy}")


def _is_only_read(path: Path, fault: Exception) -> bool:
    """Return whether SQLite refuses to write a file because its header asks for a newer way to do so.

    This opens the file, and to close it drops the locks that SQLite holds on it in this process. Connections that may
    not write have no need of them.
    Source: https://www.sqlite.org/fileformat2.html#file_format_version_numbers
    """
    if getattr(fault, "sqlite_errorname", "") != "SQLITE_READONLY":
        return False
    with suppress(OSError), path.open("rb") as stream:
        stream.seek(_WRITE_VERSION_AT)
        return stream.read(1) > _NEWEST_WRITE_VERSION
    return False


def _tells_of_damage(fault: Exception) -> bool:
    """Return whether a fault means damage. The statements are fixed, so an error in SQL is the file's.

    A message of SQLite that cannot be decoded, or a fault without a code, is about text in the file.
    """
    is_operational = isinstance(fault, sqlite3.OperationalError)
    return not is_operational or getattr(fault, "sqlite_errorname", "SQLITE_ERROR") == "SQLITE_ERROR"


def _open(path: Path, mend: bool) -> sqlite3.Connection:
    """Open or make the ledger; a damaged or newer file is set aside, named by what is wrong with it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _connect(path)
        except LedgerDamaged as damage:
            if not mend:
                raise
            _set_aside(path, str(damage))
            return _connect(path)
    except OSError as fault:
        raise IoFailed(f"{shown(path)}: the ledger cannot be opened: {fault.strerror}") from fault


def _connect(path: Path) -> sqlite3.Connection:
    is_new = not path.exists()
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    except sqlite3.DatabaseError as fault:
        raise _worded(path, fault) from fault
    try:
        schema.prepare(connection, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as fault:
        connection.close()
        raise _worded(path, fault) from fault
    except BaseException:
        connection.close()
        raise
    if is_new:
        _give_to_owner_of_folder(path)
    return connection


def _give_to_owner_of_folder(path: Path) -> None:
    """Hand a ledger that root made (by `sudo imgwatch status`) to the daemon's user; SQLite does the rest."""
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _set_aside(path: Path, why: str) -> None:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    log.error(
        "%s; kept aside as %s, a new one is begun. What lies in the watched folders now is left alone: "
        "`imgwatch rescan` judges it",
        why,
        aside.name,
    )
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
