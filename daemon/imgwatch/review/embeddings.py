"""A cache of embeddings, by digest and model, in a file of the state folder."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)


class Embeddings:
    """The embeddings of one model. Safe to use from several threads."""

    def __init__(self, path: Path, model: str) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError as fault:
            log.warning("%s: not usable (%s); started again in memory", path, fault)
            self._connection = _connect(Path(":memory:"))
        self._model = model
        with self._lock:
            self._connection.execute("DELETE FROM embedding WHERE model <> ?", (model,))

    def get(self, sha256: str) -> NDArray[np.float32] | None:
        """Return the embedding of this digest, float32 [D]; None if there is none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT vector FROM embedding WHERE sha256 = ?", (bytes.fromhex(sha256),)
            ).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype=np.float16).astype(np.float32)

    def put(self, embeddings: Iterable[tuple[str, NDArray[Any]]]) -> None:
        """Store embeddings, at half precision."""
        rows = [
            (bytes.fromhex(sha256), self._model, vector.astype(np.float16).tobytes())
            for sha256, vector in embeddings
        ]
        with self._lock:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO embedding VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS embedding (sha256 BLOB PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL)"
        " WITHOUT ROWID"
    )
    return connection
