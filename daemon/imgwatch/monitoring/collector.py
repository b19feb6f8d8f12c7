"""The daemon's metrics, collected in its loop, so that other threads can read them at any time. `metrics` exposes
`metrics` knows.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from imgwatch.drift import Drift
from imgwatch.errors import IoFailed, Unavailable
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.live_model import LiveModel
from imgwatch.model.contract import Contract
from imgwatch.status import Pulse

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)  # seconds
_MEASURED_SECONDS = 60.0  # between two looks at the quarantine's size, at the least
_LOOK_SHARE = 0.01  # of its time that the loop may spend on such looks


class Latency:
    """How long pictures took from settled to done: how many up to each of BOUNDS and beyond, and the sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """Count one picture."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass(frozen=True)
class Snapshot:
    """All figures at one time; never changed, so that another thread may read it."""

    at: float
    pulse: Pulse
    counters: Mapping[str, int]
    held: int
    latency: tuple[int, ...]
    latency_total: float
    drift: Drift | None
    hook: Mapping[str, int]
    model_made: float | None
    size: Size | None


@dataclass(frozen=True)
class Size:
    """The size of the quarantine, including the bin."""

    pictures: int
    bytes: int


class Board(Protocol):
    """Where metrics are put for others to read."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what prevents the metrics from being read, one sentence each."""

    def show(self, snapshot: Snapshot) -> None:
        """Show this snapshot from now on."""

    def close(self) -> None:
        """Stop showing metrics."""


@dataclass
class _Remembered:
    """The ledger's latest figures, which are shown also while it cannot be read."""

    counters: dict[str, int] = field(default_factory=dict)
    held: int = 0


class MetricsCollector:
    """Collects the metrics of one daemon and puts them on a board."""

    def __init__(
        self,
        board: Board,
        ledger: Ledger,
        quarantine: Path,
        model: LiveModel,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.latency = Latency()
        self._board, self._ledger, self._model = board, ledger, model
        self._remembered = _Remembered()
        self._measure = Measure(quarantine / "pictures", clock)

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what prevents the metrics from being read, one sentence each."""
        return self._board.troubles

    def publish(self, pulse: Pulse, drift: Drift | None, hook: Mapping[str, int]) -> None:
        """Put the present metrics on the board. Raises nothing: the loop must not end because of them."""
        self._ask_ledger(pulse)
        counters = self._remembered.counters
        self._board.show(
            Snapshot(
                at=time.time(),
                pulse=pulse,
                counters=counters,
                held=self._remembered.held,
                latency=tuple(self.latency.counts),
                latency_total=self.latency.total,
                drift=drift,
                hook=dict(hook),
                model_made=made_at(self._model.judge.contract),
                size=self._measure.size(counters),
            )
        )

    def close(self) -> None:
        """Close the board."""
        self._board.close()

    def _ask_ledger(self, pulse: Pulse) -> None:
        try:
            held = len(self._ledger.waiting(FileState.HELD)) if pulse.breaker == "open" else 0
            self._remembered = _Remembered(self._ledger.counts.totals(), held)
        except (IoFailed, Unavailable):
            return  # the loop notices by itself, and says so


class Measure:
    """Measures a folder after it may have changed: seldom, and the more seldom the longer that takes."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder, self._clock = folder, clock
        self._size: Size | None = None
        self._changes: object = None
        self._next = 0.0

    def size(self, changes: Mapping[str, int]) -> Size | None:
        """Return the size when it was last measured; None: never. `changes` differ if something was moved since."""
        begun = self._clock()
        changes_now = tuple(sorted(changes.items()))
        if changes_now == self._changes or begun < self._next:
            return self._size
        self._size = measured(self._folder)
        self._changes = changes_now
        self._next = begun + max(_MEASURED_SECONDS, (self._clock() - begun) / _LOOK_SHARE)
        return self._size


def measured(folder: Path) -> Size | None:
    """Return the number of files in a folder, and of their bytes; None if it cannot be read."""
    pictures = size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # moved while we look
                    size += entry.stat(follow_symlinks=False).st_size
                    pictures += 1
    except FileNotFoundError:
        return Size(0, 0)
    except OSError:
        return None
    return Size(pictures, size)


def made_at(contract: Contract) -> float | None:
    """Return when a model was trained or, if later, calibrated: seconds since 1970; None if unknown."""
    facts = contract.training
    calibrated = facts.get("calibrated")
    date = (calibrated.get("date") if isinstance(calibrated, dict) else None) or facts.get("date")
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except ValueError:
        return None
