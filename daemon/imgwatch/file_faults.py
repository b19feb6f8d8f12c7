"""A fault of the program about one file costs that file only: it is left alone, and set aside when it comes again."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgwatch.errors import ImgwatchError
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, file_after
from imgwatch.scan import identity_of

log = logging.getLogger(__name__)

_ENOUGH = 2  # faults of one file, until it is set aside
_REMEMBERED = 10_000


class FileFaults:
    """Counts what goes wrong with each file. What is set aside the ledger remembers; `in` tells what it cannot hold."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._faults: Counter[Path] = Counter()
        self._set_aside: set[Path] = set()

    def __contains__(self, path: Path) -> bool:
        return path in self._set_aside

    @contextmanager
    def costing(self, path: Path) -> Iterator[None]:
        """Let a fault of what is done meanwhile cost this file; what the ledger or the disk raises goes on."""
        try:
            yield
        except (ImgwatchError, MemoryError):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with one file must not end the daemon
            self.note(path, fault)

    def note(self, path: Path, fault: Exception) -> None:
        """Note a fault of one file; set it aside when it is not the first."""
        self._faults[path] += 1
        if self._faults[path] < _ENOUGH:
            log.error("%s: left alone, as it cannot be handled: %s", path, _words(fault))
            if len(self._faults) > _REMEMBERED:
                self._faults.clear()
            return
        del self._faults[path]
        log.error("%s: not looked at any more: %s", path, _words(fault))
        if not self._remember(path, fault):
            self._set_aside.add(path)

    def _remember(self, path: Path, fault: Exception) -> bool:
        """Let the ledger know this version of the file; return whether it does."""
        identity = identity_of(path)
        if identity is None:
            return False
        reason = Reason(ReasonCode.SET_ASIDE, {"why": _words(fault)})
        row = Row(path, identity, file_after(FileEvent.FAULTED), Judgement(Verdict.UNREADABLE, reason, ""))
        try:
            self._ledger.remember([row], time.time())
        except (OverflowError, ValueError):  # the very fault may be that the ledger cannot hold it
            return False
        return True


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}" if str(fault) else type(fault).__name__
