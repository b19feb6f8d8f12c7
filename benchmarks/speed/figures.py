"""What a row of the table is made of, and how its numbers are taken. It runs nothing of imgwatch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure: its value with its unit, and the goal: at least or at most so much; None: only stated."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_reached(self) -> bool:
        """Return whether the goal is reached."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def goal(self) -> str:
        """Word the goal."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


@dataclass(frozen=True)
class Setting:
    """Where a row works: folders of its own, the peers' Python, how often each thing is measured, the sizes' scale."""

    pictures: Path
    scratch: Path
    peers: Path
    runs: int
    scale: float

    def sized(self, number: int, least: int = 1) -> int:
        """Return a number of pictures, files or rows, scaled."""
        return max(least, round(number * self.scale))


Row = Callable[[Setting], Iterable[Figure]]


def median_of(runs: int, measure: Callable[[], float]) -> float:
    """Measure several times and return the median."""
    return statistics.median(measure() for _ in range(runs))


def medians_of(runs: int, *measures: Callable[[], float]) -> list[float]:
    """Measure several things in turns, so that a slow minute of the machine is everyone's, and return medians."""
    rounds = [[measure() for measure in measures] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def least_of(runs: int, *measures: Callable[[], float]) -> list[float]:
    """Measure several things in turns and return the least of each, which other work on the machine disturbs least."""
    rounds = [[measure() for measure in measures] for _ in range(runs)]
    return [min(column) for column in zip(*rounds, strict=True)]


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
