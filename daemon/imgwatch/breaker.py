"""The breaker: when too much would be quarantined at once, the model or the folder is wrong, not the pictures. Pure."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from pathlib import Path

from imgwatch import settings

PAUSED = "paused by you"  # the reason of a breaker that the user opened
_FOLDERS = 10_000  # folders whose run of junk is remembered; the one not heard of for longest is forgotten


class Breaker:
    """Opens if `share` of the last `window` judged pictures were to be quarantined, or as many as that makes one
    after the other in one folder, among whatever happens elsewhere. Only the user closes it.
    """

    def __init__(self, limits: settings.BreakerSettings, is_open: bool = False) -> None:
        self._window = limits.window
        self._enough = math.ceil(limits.share * limits.window)
        self._last: deque[bool] = deque(maxlen=limits.window)
        self._runs: OrderedDict[Path, int] = OrderedDict()
        self._excused: set[Path] = set()
        self.is_open = is_open

    def would_open(self, junk: int, pictures: int) -> bool:
        """Return whether so much junk among so many pictures, judged together, is too much to move without asking."""
        return junk >= self._enough and junk * self._window >= self._enough * pictures

    def note(self, path: Path, is_strange: bool) -> str | None:
        """Note a verdict; return why the breaker opens, None if it does not open now."""
        if path in self._excused:
            self._excused.discard(path)
            return None
        self._last.append(is_strange)
        run = self._run(path.parent, is_strange)
        if self.is_open:
            return None
        if len(self._last) == self._window and sum(self._last) >= self._enough:
            why = f"{sum(self._last)} of the last {self._window} pictures would be quarantined"
        elif run >= self._enough:
            why = f"the last {run} pictures in {path.parent} would all be quarantined"
        else:
            return None
        self.is_open = True
        return why

    def open(self) -> None:
        """Hold back whatever comes: the user has paused."""
        self.is_open = True

    def close(self) -> None:
        """Start again after the user has looked."""
        self._last.clear()
        self._runs.clear()
        self.is_open = False

    def excuse(self, paths: Iterable[Path]) -> None:
        """Do not count the next verdict on these: the user has looked at them."""
        self._excused.update(paths)

    def _run(self, folder: Path, is_strange: bool) -> int:
        """Return how many pictures of a folder were strange one after the other, up to this one."""
        before = self._runs.pop(folder, 0)
        if not is_strange:
            return 0
        self._runs[folder] = before + 1
        if len(self._runs) > _FOLDERS:
            self._runs.popitem(last=False)
        return before + 1
