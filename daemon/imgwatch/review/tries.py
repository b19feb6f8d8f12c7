"""How long a visitor waits after wrong passwords: longer each time, and without delaying others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

FREE_TRIES = 3
LONGEST_PAUSE_SECONDS = 300.0
FORGOTTEN_SECONDS = 3600.0
MOST_VISITORS = 4096


@dataclass
class WrongTries:
    """The wrong tries of each visitor, the oldest forgotten first. For one thread only."""

    clock: Callable[[], float] = time.monotonic
    _tries: dict[str, tuple[int, float]] = field(default_factory=dict)  # how many, and when the last one was

    def pause(self, visitor: str) -> float:
        """Return for how many seconds this visitor may not try again; 0 if it may."""
        count, last = self._tries.get(visitor, (0, 0.0))
        passed = self.clock() - last
        if count < FREE_TRIES or passed > FORGOTTEN_SECONDS:
            return 0.0
        return max(0.0, min(2.0 ** (count - FREE_TRIES), LONGEST_PAUSE_SECONDS) - passed)

    def note(self, visitor: str) -> None:
        """Count a try as wrong before it is checked, so that parallel tries gain nothing."""
        count, last = self._tries.pop(visitor, (0, 0.0))
        now = self.clock()
        self._tries[visitor] = (1 if now - last > FORGOTTEN_SECONDS else min(count + 1, 64), now)
        while len(self._tries) > MOST_VISITORS:
            del self._tries[next(iter(self._tries))]

    def forgive(self, visitor: str) -> None:
        """Forget the tries of a visitor with the right password."""
        self._tries.pop(visitor, None)
