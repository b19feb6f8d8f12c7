"""Which candidates have finished being written. Pure: the time and the file's identity are passed in.

A file is settled when it was not noticed again, and its size, time and inode stayed the same, for `settle_seconds`.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imgwatch.files import Identity


class Settled(NamedTuple):
    """A file that has been written, and since when (monotonic seconds); slightly ahead if it was taken early."""

    path: Path
    since: float
    identity: Identity


@dataclass(slots=True)
class _Waiting:
    due: float
    identity: Identity


class Settling:
    """Candidates that wait until they are no longer written to. Times are seconds of one monotonic clock."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._waiting: dict[Path, _Waiting] = {}
        self._order: list[
            tuple[float, Path]
        ] = []  # one entry a waiting path; its time may be too early, never late
        self._names: Counter[str] = Counter()  # of the waiting paths, each up to the first dot of its name

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: Path) -> bool:
        return path in self._waiting

    def waits_for(self, path: Path, identity: Identity) -> bool:
        """Return whether this version of a file waits already."""
        return path in self._waiting and self._waiting[path].identity == identity

    def has_namesake(self, path: Path) -> bool:
        """Return whether a file waits whose name begins like this one's, up to the first dot."""
        return self._names[_beginning(path)] > (path in self._waiting)

    def notice(self, path: Path, identity: Identity, now: float) -> None:
        """Begin, or begin again, to wait for a file that looks like `identity` now."""
        due = now + self._settle_seconds
        if path in self._waiting:
            self._waiting[path] = _Waiting(due, identity)
        else:
            self._waiting[path] = _Waiting(due, identity)
            self._names[_beginning(path)] += 1
            heapq.heappush(self._order, (due, path))

    def clear(self) -> None:
        """Forget all that waits."""
        self._waiting.clear()
        self._order.clear()
        self._names.clear()

    def next(self) -> Settled | None:
        """Return the file for which `settled` is worth a call, and when; None while nothing waits."""
        if not self._order:
            return None
        due, path = self._order[0]
        return Settled(path, due, self._waiting[path].identity)

    def settled(
        self, now: float, look: Callable[[Path], Identity | None], early_seconds: float = 0.0
    ) -> list[Settled]:
        """Return the files that are settled, or will be in `early_seconds`, and forget them.

        `look` returns a file's identity, None when it is gone.
        """
        ready: list[Settled] = []
        while self._order and self._order[0][0] <= now + early_seconds:
            _, path = heapq.heappop(self._order)
            waiting = self._waiting[path]
            if waiting.due > now + early_seconds:
                heapq.heappush(self._order, (waiting.due, path))
                continue
            seen = look(path)
            if seen is None or seen == waiting.identity:
                self._forget(path)
                ready += [Settled(path, waiting.due, seen)] if seen is not None else []
            else:
                self._waiting[path] = _Waiting(now + self._settle_seconds, seen)
                heapq.heappush(self._order, (now + self._settle_seconds, path))
        return ready

    def _forget(self, path: Path) -> None:
        del self._waiting[path]
        beginning = _beginning(path)
        self._names[beginning] -= 1
        if not self._names[beginning]:
            del self._names[beginning]


def _beginning(path: Path) -> str:
    return f"{path.parent}/{path.name.partition('.')[0]}"
