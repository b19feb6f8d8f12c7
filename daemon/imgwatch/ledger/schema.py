"""The ledger's tables and indices: made in a new file, and migrated in one of an older version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from imgwatch.errors import FormatTooNew, LedgerDamaged, shown

VERSION = 4  # what it means, and what came when: docs/formats.md
_LARGEST_VERSION = 1000  # beyond that it is damage
_PASSED_OVER_INDEX = "CREATE INDEX seen_passed_over ON seen (why) WHERE state = 'passed over'"
_UNREADABLE_INDEX = "CREATE INDEX seen_unreadable ON seen (state) WHERE state = 'unreadable'"
_REPORTED_INDEX = "CREATE INDEX seen_reported ON seen (state) WHERE state = 'reported'"
_WAITING_INDEX = "CREATE INDEX seen_waiting ON seen (due) WHERE state = 'waiting'"
EXISTING_INDEX = "CREATE INDEX seen_existing ON seen (size, mtime_ns) WHERE state = 'existing'"
_LEFT_ALONE = (
    "CREATE TABLE existing_pixels (pixels BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE moved (record TEXT PRIMARY KEY, sha256 BLOB NOT NULL, pixels BLOB) WITHOUT ROWID",
    "CREATE INDEX moved_sha256 ON moved (sha256)",
    "CREATE INDEX moved_pixels ON moved (pixels)",
)
_SIGNATURES = (
    "CREATE TABLE signature (id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL UNIQUE, ino INTEGER NOT NULL,"
    " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 BLOB NOT NULL, model TEXT NOT NULL,"
    " vectors BLOB NOT NULL, thumbnail BLOB NOT NULL, traits TEXT NOT NULL)",
    "CREATE INDEX signature_sha256 ON signature (sha256)",
)
_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE folder (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE seen (                 -- one row a file: the version of it that was dealt with last
    folder INTEGER NOT NULL REFERENCES folder (id),
    name BLOB NOT NULL,
    ino INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    score REAL,
    model TEXT,
    sha256 BLOB,
    why TEXT,                       -- the reason of what is unreadable, the format of what is passed over
    at REAL,                        -- seconds since 1970, UTC
    reason_code TEXT,               -- of what was not judged normal
    figures TEXT,                   -- JSON: what the sentence of the reason needs
    kind TEXT,                      -- of junk
    due REAL,                       -- when what is waiting is taken up again
    PRIMARY KEY (folder, name)
) WITHOUT ROWID;
CREATE INDEX seen_held ON seen (state) WHERE state = 'held';
CREATE INDEX seen_pending ON seen (state) WHERE state = 'pending';
{_PASSED_OVER_INDEX};
{_UNREADABLE_INDEX};
{_WAITING_INDEX};
{_REPORTED_INDEX};
{EXISTING_INDEX};
{"; ".join(_LEFT_ALONE)};
{"; ".join(_SIGNATURES)};
CREATE TABLE rescanned (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE day (                  -- the same counts, each day's
    date TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (date, name)
) WITHOUT ROWID;
CREATE TABLE lesson (               -- what the user decided, as numbers that a model made of the picture
    sha256 BLOB PRIMARY KEY, is_junk INTEGER NOT NULL, at REAL NOT NULL, model TEXT NOT NULL, vector BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set an open ledger up: write-ahead log, and the tables of this version. Raises FormatTooNew, LedgerDamaged."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not 0 <= version <= _LARGEST_VERSION:
        raise LedgerDamaged(f"{shown(path)}: the ledger is damaged: it has schema {version}")
    if version > VERSION:
        raise FormatTooNew(
            f"{shown(path)}: the ledger has schema {version}; this version of imgwatch knows {VERSION}: install a "
            "newer one, or name another `state` folder. Nothing was changed"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if version == 0:
        _make_tables(connection)
    elif version < VERSION:
        _migrate(connection)
    connection.execute("SELECT * FROM seen LIMIT 1").fetchone()


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate the tables of an older version, all or nothing; its rows stay as they are."""
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]  # another process may have been quicker
    if version == 1:
        for column in ("reason_code", "figures", "kind"):
            connection.execute(f"ALTER TABLE seen ADD COLUMN {column} TEXT")
        connection.execute(_PASSED_OVER_INDEX)
    if version < 3:
        connection.execute(_UNREADABLE_INDEX.replace("INDEX", "INDEX IF NOT EXISTS"))
        connection.execute("ALTER TABLE seen ADD COLUMN due REAL")
        for statement in (_WAITING_INDEX, _REPORTED_INDEX, EXISTING_INDEX, *_LEFT_ALONE):
            connection.execute(statement)
    if version < VERSION:
        for statement in _SIGNATURES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # else another process was quicker
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
    connection.execute("COMMIT")
