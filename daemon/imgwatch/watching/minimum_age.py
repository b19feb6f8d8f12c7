"""Files that are too young to be judged, and when they will be old enough. It looks at no file's content."""

from __future__ import annotations

import time
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path

from imgwatch.timers import Clock

_MOST = 4096  # files remembered; of more, a scan tells when these are old enough


def seconds_until(path: Path, age_seconds: float, now: float) -> float:
    """Return in how many seconds a file will be `age_seconds` old; 0 if it is already, or is gone.

    Its age is counted from its last change of status, which is when it came into its folder, or later. A file from the
    future (the clock was set back) is new.
    """
    if not age_seconds:
        return 0.0
    try:
        changed = path.lstat().st_ctime
    except OSError:
        return 0.0
    return max(0.0, age_seconds - max(0.0, now - changed))


class MinimumAge:
    """Holds files back until they are old enough. `clock` is monotonic, `now` since 1970, both in seconds."""

    def __init__(self, seconds: float, clock: Clock, now: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self._clock = clock
        self._now = now
        self._due: list[tuple[float, Path]] = []  # a heap
        self._has_left_out = False

    def holds_back(self, path: Path) -> bool:
        """Return whether a file is too young; if so, remember when it will be old enough."""
        wait = seconds_until(path, self._seconds, self._now())
        if wait <= 0:
            return False
        if len(self._due) < _MOST:
            heappush(self._due, (self._clock() + wait, path))
        else:
            self._has_left_out = True
        return True

    def next_due(self) -> float | None:
        """Return when, by the clock, the next file will be old enough."""
        return self._due[0][0] if self._due else None

    def take_due(self) -> list[Path]:
        """Return, once, the files that are old enough now."""
        paths: list[Path] = []
        while self._due and self._due[0][0] <= self._clock():
            paths.append(heappop(self._due)[1])
        return paths

    def take_left_out(self) -> bool:
        """Return, once, whether a scan is needed because more files were held back than are remembered."""
        wants_scan = self._has_left_out and len(self._due) < _MOST // 2
        self._has_left_out = self._has_left_out and not wants_scan
        return wants_scan
