"""What the ledger keeps waiting, put before the intake again: unread, held, pending and due pictures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from imgwatch.breaker import Breaker
from imgwatch.candidates import take_up_formats, take_up_kinds
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.picture.formats import left_alone
from imgwatch.settings.kinds import KindSettings
from imgwatch.timers import Every
from imgwatch.wording import counted

log = logging.getLogger(__name__)

_MOST_DUE = 1000  # taken up at once; the others at the next look


class Requeue:
    """Hands waiting pictures to `notice`. `due_timer`: how often to look for those that have become old enough."""

    def __init__(
        self, ledger: Ledger, breaker: Breaker, notice: Callable[[Path], object], due_timer: Every
    ) -> None:
        self._ledger = ledger
        self._breaker = breaker
        self._notice = notice
        self._due_timer = due_timer

    def unread(self) -> None:
        """Requeue unreadable files, as the reason may be gone; log what is still not looked at."""
        self._ledger.take_up_unreadable()
        take_up_formats(self._ledger)
        for sentence in left_alone(self._ledger.passed_over()):
            log.warning("%s", sentence)

    def say_what_was_reported(self) -> None:
        """Log how to move what was reported while nothing was moved, now that pictures are moved."""
        number = len(self._ledger.waiting(FileState.REPORTED))
        if number:
            log.warning(
                "%s reported before and not moved; `imgwatch rescan` moves what was reported",
                counted(number, "picture was", "pictures were"),
            )

    def changed_kinds(self, kinds: KindSettings) -> None:
        """Requeue what the rules for kinds, changed since, may want elsewhere."""
        take_up_kinds(self._ledger, kinds)

    def pending(self, others: Iterable[Path] = ()) -> None:
        """Requeue what could not be moved, and `others`."""
        for path in (*self._ledger.waiting(FileState.PENDING), *others):
            self._notice(path)

    def held(self) -> None:
        """Judge what the breaker held back; the user has looked at it, so it does not open the breaker again."""
        held = self._ledger.waiting(FileState.HELD)
        self._breaker.excuse(held)
        self._ledger.take_up_again(held)
        for path in held:
            self._notice(path)
        if held:
            log.info("judging %s that the breaker held back", counted(len(held), "picture"))

    def due(self) -> None:
        """Judge what has become as old as the rule for its kind wants; the breaker counted it when it came."""
        if not self._due_timer.is_due():
            return
        due = self._ledger.due(time.time(), _MOST_DUE)
        if len(due) < _MOST_DUE:
            self._due_timer.restart()
        self._breaker.excuse(due)
        self._ledger.forget(due)
        for path in due:
            self._notice(path)
        if due:
            log.info(
                "judging %s old enough to be moved now",
                counted(len(due), "picture that is", "pictures that are"),
            )
