"""The breaker: when too much would be quarantined at once, the model or the folder is wrong, not the pictures. Pure."""

from __future__ import annotations

from collections import deque

from imgwatch import settings


class Breaker:
    """Opens when `share` of the last `window` judged pictures were to be quarantined; only the user closes it."""

    def __init__(self, limits: settings.Breaker, is_open: bool = False) -> None:
        self._limits = limits
        self._last: deque[bool] = deque(maxlen=limits.window)
        self.is_open = is_open

    def note(self, is_strange: bool) -> bool:
        """Take in one more verdict; return whether this one opened the breaker."""
        self._last.append(is_strange)
        if self.is_open or len(self._last) < self._limits.window:
            return False
        self.is_open = sum(self._last) >= self._limits.share * self._limits.window
        return self.is_open

    def close(self) -> None:
        """Begin anew after the user has looked."""
        self._last.clear()
        self.is_open = False
