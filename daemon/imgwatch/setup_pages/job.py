"""Work in the background: it continues while no page is open, and any page may ask for its progress."""

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
    """A piece of work in its own thread, and its outcome."""

    def __init__(self, name: str, work: Callable[[Progress], Outcome]) -> None:
        self._name = name
        self._work = work
        self._stage: tuple[str, int, int] = ("begin", 0, 0)
        self.outcome: Outcome | None = None
        self.fault: str | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Return whether the work has not ended yet."""
        return self.outcome is None and self.fault is None

    def progress(self) -> dict[str, object]:
        """Return state and progress of the work as JSON fields."""
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
