"""What could not be moved, tried again later: pending pictures, and an operation that the quarantine has under way.

Pictures are moved by the loop like all others; this only hands them to the intake again.
"""

from __future__ import annotations

from pathlib import Path

from imgwatch.decisions import count_history
from imgwatch.errors import MoveFailed, QuarantineGone, Unavailable
from imgwatch.health import Health
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.moving import Mover
from imgwatch.quarantine import Quarantine
from imgwatch.service.requeue import Requeue
from imgwatch.timers import Alarm
from imgwatch.watching.intake import Intake


class MoveRetry:
    """Tries again when `alarm` goes off, and notes in `health` whether pictures can be moved."""

    def __init__(  # noqa: PLR0913 - what takes part in a move
        self,
        quarantine: Quarantine,
        ledger: Ledger,
        mover: Mover,
        health: Health,
        requeue: Requeue,
        alarm: Alarm,
    ) -> None:
        self._quarantine = quarantine
        self._ledger = ledger
        self._mover = mover
        self._health = health
        self._requeue = requeue
        self._alarm = alarm
        self._latecomers: list[Path] = []  # files that could not follow their pictures yet

    def set_alarm(self) -> None:
        """Try again in a while."""
        self._alarm.set()

    def note_latecomer(self, path: Path) -> None:
        """Remember a file that could not follow its picture, for the next try."""
        self._latecomers.append(path)
        self._alarm.set()

    def recover(self) -> None:
        """End what a killed process left in the quarantine, and count what its log says."""
        try:
            self._quarantine.recover()
            if self._mover.has_left:
                self._mover.move_on_left()
            if self._mover.has_left:
                self._alarm.set()
            count_history(self._quarantine, self._ledger)
        except (MoveFailed, Unavailable) as fault:
            self._health.note_failed_move(fault)
            self._alarm.set()
        else:
            self._health.note_good_move()
            if not self._mover.has_left and not self._ledger.waiting(FileState.PENDING):
                self._health.note_good_destination()  # nothing waits for it any more

    def look(self) -> None:
        """Notice a removed disk before a picture fails, and its return at once."""
        try:
            self._quarantine.look()
        except QuarantineGone as gone:
            self._health.note_failed_move(gone)
            self._alarm.set()
        else:
            if self._health.is_quarantine_gone:
                self._alarm.set_now()

    def retry_if_due(self, intake: Intake) -> None:
        """Hand what could not be moved to the intake again; end what is under way where none of that is left."""
        if not self._alarm.goes_off():
            return
        latecomers, self._latecomers = self._latecomers, []
        self._requeue.pending(latecomers)
        if not len(intake):  # what could not be moved is gone
            self.recover()
