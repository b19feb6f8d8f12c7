"""The daemon's work beside judging: the quarantine's limits, memory, rest, and the search for originals of copies."""

from __future__ import annotations

import logging
from collections.abc import Callable

from imgwatch import memory
from imgwatch.decisions import count_history
from imgwatch.duplicates.taking import Duplicates
from imgwatch.ledger import Ledger
from imgwatch.live_model import LiveModel
from imgwatch.quarantine import Quarantine
from imgwatch.settings import Settings
from imgwatch.timers import Clock, Every, Pauses

log = logging.getLogger(__name__)

_LOOKED_AT_ONCE = 8  # pictures looked at for their copies before the loop looks up again


class Upkeep:
    """Each task does nothing until it is due."""

    def __init__(  # noqa: PLR0913 - what it keeps up
        self,
        settings: Settings,
        model: LiveModel,
        quarantine: Quarantine,
        ledger: Ledger,
        duplicates: Duplicates | None,
        clock: Clock,
        pauses: Pauses,
    ) -> None:
        self._limits = settings.quarantine
        self._model = model
        self._quarantine = quarantine
        self._ledger = ledger
        self._duplicates = duplicates
        self._filling = None if duplicates is None else duplicates.fill()
        self._clock = clock
        self._rest_after = pauses.let_workers_go
        self._probe_after = pauses.probe_model
        self._last_work = 0.0
        self._has_slack = True  # freed memory that could be given back
        self._fill_timer = Every(settings.scan_minutes * 60, clock)
        self._purge_timer = Every(pauses.purge, clock)
        self._probe_timer = Every(pauses.probe_model, clock)
        self._memory_timer = Every(pauses.give_back_memory, clock)

    def note_work(self) -> None:
        """Note that pictures were judged just now."""
        self._last_work = self._clock()
        self._has_slack = True

    def note_freed_memory(self) -> None:
        """Note that something large was let go."""
        self._has_slack = True

    @property
    def idle_seconds(self) -> float:
        """The seconds since the last work."""
        return self._clock() - self._last_work

    @property
    def has_originals_to_look_at(self) -> bool:
        """Whether there are pictures in the folders that are not yet known to the search for copies."""
        return self._filling is not None

    def look_for_originals(self, keep_going: Callable[[], None]) -> None:
        """Look at some of the pictures already in the folders, so that their copies are recognised when they come."""
        if self._duplicates is not None and self._filling is None and self._fill_timer.is_due():
            self._fill_timer.restart()
            self._filling = self._duplicates.fill()
        if self._filling is None:
            return
        for _ in range(_LOOKED_AT_ONCE):
            if next(self._filling, self._duplicates) is not None:  # at its end
                self._filling = None
                return
            self._last_work = self._clock()
            keep_going()

    def purge_if_due(self) -> None:
        """Delete for good what exceeds the limits that the user set; `purge` guards against a wrong clock."""
        limits = self._limits
        if (limits.keep_days is None and limits.max_gigabytes is None) or not self._purge_timer.is_due():
            return
        self._purge_timer.restart()
        most = None if limits.max_gigabytes is None else int(limits.max_gigabytes * 1e9)
        for record in self._quarantine.purge(limits.keep_days, most):
            log.info("%s (%s) deleted for good: beyond the quarantine's limits", record.original, record.id)
        count_history(self._quarantine, self._ledger)

    def rest(self, *, expects_picture: bool) -> None:
        """Stop the workers and try the model while there is nothing to do."""
        if self.idle_seconds > self._rest_after and not expects_picture:
            self._model.rest()
        if self.idle_seconds > self._probe_after and self._probe_timer.is_due():
            self._probe_timer.restart()
            self._model.probe()
            self._has_slack = True

    def give_back_memory(self) -> None:
        """Return freed memory to the system, if there is any."""
        if self._has_slack and self._memory_timer.is_due():
            self._has_slack = False
            self._memory_timer.restart()
            memory.give_back()
