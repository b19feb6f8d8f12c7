"""What the daemon reports of itself about once a second: its folders, model and troubles, put together as a pulse."""

from __future__ import annotations

from collections.abc import Callable

from imgwatch.breaker import Breaker
from imgwatch.health import Health
from imgwatch.kind_promises import silence_in_words
from imgwatch.live_model import LiveModel
from imgwatch.status import Pulse
from imgwatch.timers import Every
from imgwatch.watching.intake import Intake
from imgwatch.watching.roots import Roots


class Heartbeat:
    """Passes a pulse to `on_pulse` whenever `timer` is due, once the daemon is alive or a turn has failed."""

    def __init__(  # noqa: PLR0913 - the parts whose state it reports
        self,
        on_pulse: Callable[[Pulse], None],
        model: LiveModel,
        roots: Roots,
        intake: Intake,
        breaker: Breaker,
        health: Health,
        timer: Every,
    ) -> None:
        self._on_pulse = on_pulse
        self._model = model
        self._roots = roots
        self._intake = intake
        self._breaker = breaker
        self._health = health
        self._timer = timer
        self.is_alive = False  # until the folders are watched; before that nobody may take it for watching

    def beat_if_due(self) -> None:
        """Report the state, if it is time."""
        if (self.is_alive or self._health.has_failed) and self._timer.is_due():
            self._timer.restart()
            self._on_pulse(self.pulse())

    def pulse(self) -> Pulse:
        """Return the daemon's state."""
        judge, limit = self._model.judge, self._roots.limit
        self._health.refused_model = self._model.refused
        self._health.watch_limit = None if limit is None else limit.sysctl
        causes = self._health.causes()
        return Pulse(
            alive=self.is_alive,
            backlog=len(self._intake),
            breaker="open" if self._breaker.is_open else "closed",
            model=judge.scorer.name,
            threshold=judge.threshold,
            generic_model=judge.contract.generic,
            false_alarms=judge.standard.false_alarms,
            promises=judge.standard.kinds.facts(),
            silent=silence_in_words(judge.contract, judge.standard.kinds),
            folders={str(root.scope.root): root.state for root in self._roots},
            troubles=tuple(causes.values()),
            causes=tuple(causes),
        )
