"""Learning in the background: it goes on while no page is open, and any page may ask how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch.calibration.calibrate import Calibrated
from imgwatch.errors import ImgwatchError
from imgwatch.outlook import Outlook
from imgwatch.setting_up import Setup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Learned:
    """What a job has come to: the setup that it was done for, the model, and what that would move."""

    setup: Setup
    model: Calibrated
    outlook: Outlook


class Job:
    """One run of learning and looking ahead, in a thread of its own."""

    def __init__(self, setup: Setup, normal: Sequence[Path]) -> None:
        self._setup = setup
        self._normal = normal
        self._stage: tuple[str, int, int] = ("begin", 0, 0)
        self.learned: Learned | None = None
        self.fault: str | None = None
        threading.Thread(target=self._run, name="learn", daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Tell whether it has not come to an end yet."""
        return self.learned is None and self.fault is None

    def progress(self) -> dict[str, object]:
        """Return how far it is."""
        stage, done, total = self._stage
        state = "running" if self.is_running else "failed" if self.fault else "done"
        return {"state": state, "stage": stage, "done": done, "total": total, "error": self.fault}

    def _run(self) -> None:
        try:
            model = self._setup.learn(self._normal, self._setup.present_share, self._show)
            outlook = self._setup.look_ahead(model, self._show)
        except (ImgwatchError, OSError) as fault:
            self.fault = str(fault)
        except Exception as fault:  # a page waits for it: it is told, whatever it is
            log.exception("learning failed")
            self.fault = f"learning failed: {fault}"
        else:
            self.learned = Learned(self._setup, model, outlook)

    def _show(self, stage: str, done: int, total: int) -> None:
        self._stage = (stage, done, total)
