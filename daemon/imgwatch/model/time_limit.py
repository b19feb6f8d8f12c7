"""End a run of a model that takes too long. It cannot end the loading of a model."""

from __future__ import annotations

import threading
import time
from typing import Any

import onnxruntime

_LOOK_SECONDS = 0.1  # between two looks at the clock while something runs
_LOOKS_WITHOUT_WORK = 20  # after so many the thread ends: an idle daemon is not woken by it


class RunTooLong(Exception):
    """A run was ended, as it took longer than its limit."""


class TimeLimit:
    """Runs sessions, each run for so many seconds at most. Safe to use from several threads."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._running: dict[int, tuple[float, onnxruntime.RunOptions]] = {}
        self._watches = False

    def run(
        self, session: onnxruntime.InferenceSession, outputs: tuple[str, ...], feeds: dict[str, Any]
    ) -> list[Any]:
        """Run a session for the named outputs and nothing else. Raises RunTooLong, and what onnxruntime raises."""
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        self._begin(options)
        try:
            values: list[Any] = session.run(list(outputs), feeds, options)
        except Exception as fault:  # onnxruntime raises its own kinds
            if options.terminate:
                raise RunTooLong(f"more than {self.seconds:g} s") from fault
            raise
        finally:
            with self._lock:
                del self._running[id(options)]
        return values

    def _begin(self, options: onnxruntime.RunOptions) -> None:
        with self._lock:
            self._running[id(options)] = (time.monotonic() + self.seconds, options)
            if not self._watches:
                self._watches = True
                threading.Thread(target=self._watch, name="time limit", daemon=True).start()

    def _watch(self) -> None:
        looks_without_work = 0
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                looks_without_work = 0 if self._running else looks_without_work + 1
                if looks_without_work > _LOOKS_WITHOUT_WORK:
                    self._watches = False
                    return
                now = time.monotonic()
                for deadline, options in self._running.values():
                    if now > deadline:
                        options.terminate = True
