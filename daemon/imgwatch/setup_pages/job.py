"""Work in the background: it goes on while no page is open, and any page may ask how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from imgwatch.errors import ImgwatchError
from imgwatch.progress import Progress

log = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")


class Job(Generic[Outcome]):
    """One piece of work in a thread of its own, and what it comes to."""

    def __init__(self, name: str, work: Callable[[Progress], Outcome]) -> None:
        self._name = name
        self._work = work
        self._stage: tuple[str, int, int] = ("begin", 0, 0)
        self.outcome: Outcome | None = None
        self.fault: str | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Return whether it has not come to an end yet."""
        return self.outcome is None and self.fault is None

    def progress(self) -> dict[str, object]:
        """Return how far it is."""
        stage, done, total = self._stage
        state = "running" if self.is_running else "failed" if self.fault else "done"
        return {"state": state, "stage": stage, "done": done, "total": total, "error": self.fault}

    def _run(self) -> None:
        try:
            outcome = self._work(self._show)
        except (ImgwatchError, OSError) as fault:
            self.fault = str(fault)
        except Exception as fault:  # a page waits for it: it is told, whatever it is
            log.exception("%s failed", self._name)
            self.fault = f"{self._name} failed: {fault}"
        else:
            self.outcome = outcome

    def _show(self, stage: str, done: int, total: int) -> None:
        self._stage = (stage, done, total)
