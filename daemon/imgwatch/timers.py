"""When the daemon's recurring tasks are due, by a clock that is passed in. Pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

Clock = Callable[[], float]


class Pauses(msgspec.Struct, frozen=True):
    """How long the daemon waits before it does something again, in seconds."""

    housekeeping: float = 2.0
    resting: float = (
        5.0  # instead of housekeeping, once nothing came for `let_workers_go`: it is woken for nothing else
    )
    give_back_memory: float = 5.0  # so often at most: the next batch has to ask for it again
    let_workers_go: float = 60.0  # without work
    start_workers: float = 2.0  # so long before a picture settles
    retry: float = 10.0  # after a move, the ledger, or a whole turn failed
    purge: float = 3600.0
    look_for_due: float = 60.0  # for pictures that have become old enough to be moved
    probe_model: float = 60.0  # without work, the whole way through the model is tried
    pulse: float = 1.0


class Every:
    """Is due at first, and then whenever so many seconds have passed since `restart`."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last: float | None = None

    def is_due(self) -> bool:
        """Return whether the task is due."""
        return self._last is None or self._clock() - self._last >= self._seconds

    def restart(self) -> None:
        """Start the period anew, now."""
        self._last = self._clock()


class Alarm:
    """Goes off once, so many seconds after `set`."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._at: float | None = None

    def set(self) -> None:
        """Set the alarm to so many seconds from now."""
        self._at = self._clock() + self._seconds

    def set_now(self) -> None:
        """Set the alarm to now."""
        self._at = self._clock()

    def goes_off(self) -> bool:
        """Return whether the alarm goes off; if so, clear it."""
        if self._at is None or self._clock() < self._at:
            return False
        self._at = None
        return True
