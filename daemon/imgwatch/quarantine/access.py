"""How the quarantine is opened to be changed: on the disk where it lay, one process at a time, nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from imgwatch.quarantine import recovery
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.signing_key import SigningKey
from imgwatch.quarantine.store import OnWait, Store, opened_store
from imgwatch.quarantine.volume import Volume, open_folder
from imgwatch.trusted_root import TrustedRoot


class Access:
    """Opens the quarantine at `path` for one operation after another.

    `on_wait` is called while another process keeps the lock, and may raise to end the wait.
    """

    def __init__(  # noqa: PLR0913 - what the quarantine was made with
        self,
        path: Path,
        roots: Sequence[TrustedRoot] | None,
        file_ops: FileOps,
        clock: Callable[[], datetime],
        lock_seconds: float,
        volume: Volume | None,
        key: SigningKey | None,
    ) -> None:
        self._path = path
        self._roots = roots
        self._file_ops = file_ops
        self._clock = clock
        self._lock_seconds = lock_seconds
        self._volume = volume
        self._key = key
        self.on_wait: OnWait | None = None

    def look(self, root: int | None = None) -> None:
        """Raise QuarantineGone if the disk on which it lay is missing. `root`: its descriptor, if open."""
        if self._volume is not None:
            self._volume.check(None if root is None else open_folder(root))

    @contextmanager
    def locked(self) -> Iterator[Store]:
        """Open it under its lock, and remember afterwards where it lies."""
        self.look()
        with opened_store(
            self._path, self._file_ops, self._clock, self._lock_seconds, self.look, self.on_wait
        ) as store:
            store.journal.key = None if self._key is None else self._key.load()
            yield store
            if self._volume is not None:
                self._volume.remember(open_folder(store.root))

    @contextmanager
    def recovered(self) -> Iterator[Store]:
        """Open it under its lock, with what a killed process left finished or undone, and the key to sign with."""
        with self.locked() as store:
            recovery.recover(store, self._roots)
            if self._key is not None:
                store.journal.key = self._key.load_or_make()
            yield store
