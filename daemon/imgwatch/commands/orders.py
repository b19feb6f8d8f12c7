"""The orders that signals give to `imgwatch watch`: to stop, or to read the config again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from imgwatch.commands.systemd_report import report_waiting

if TYPE_CHECKING:
    from imgwatch.service import Service


class Stopped(BaseException):
    """SIGTERM came during a model's trial; nothing but `watch` may catch it."""


class Orders:
    """The orders by signals: to stop, or to read the config again. They reach whichever service runs."""

    def __init__(self) -> None:
        self.must_stop = self.must_reload = False
        self._service: Service | None = None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._obey)

    def is_interrupted(self) -> bool:
        """Return whether a signal asked to stop or to read the config again."""
        return self.must_stop or self.must_reload

    def wait_for_trial(self) -> None:
        """Report the trial to systemd. Raises Stopped after an order to stop."""
        if self.must_stop:
            raise Stopped
        report_waiting("the model is tried in a process of its own")

    def accept_reload(self) -> None:
        """Forget an order to read the config again, which is being obeyed; keep one to stop."""
        self.must_reload = False
        self._service = None

    def direct_to(self, service: Service) -> None:
        """Stop this service at the next signal, or now if one came already."""
        self._service = service
        if self.is_interrupted():
            service.stop()

    def _obey(self, number: int, _: Any) -> None:
        if number == signal.SIGHUP:
            self.must_reload = True
        else:
            self.must_stop = True
        if self._service is not None:
            self._service.stop()
