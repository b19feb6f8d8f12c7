"""Pass each result of the daemon on to drift, hook, metrics, messages and digest.

The loop calls it. It keeps what must outlive a restart as facts of the ledger, and decides nothing about a picture.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from imgwatch.drift import Drift
from imgwatch.errors import ConfigError, IoFailed, Unavailable
from imgwatch.extras import missing_modules
from imgwatch.judgement import Judgement
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.live_model import LiveModel
from imgwatch.monitoring.digest import Digest
from imgwatch.monitoring.urls import require_notify, urls_of
from imgwatch.moving import Result
from imgwatch.quarantine import Quarantine
from imgwatch.settings import MetricsSettings, Settings
from imgwatch.status import Pulse

if TYPE_CHECKING:
    from imgwatch.monitoring.collector import MetricsCollector
    from imgwatch.monitoring.hook import Hook
    from imgwatch.monitoring.notices import Notices

log = logging.getLogger(__name__)


def require_exporters(settings: MetricsSettings) -> None:
    """Raise ConfigError if metrics are wanted, and their extra is not installed."""
    if settings.is_on and missing_modules("metrics"):
        raise ConfigError(
            "`metrics` in the config needs the extra metrics: pip install 'imgwatch[metrics]', "
            "or set metrics.port and metrics.textfile to null"
        )


def open_observer(settings: Settings, model: LiveModel, quarantine: Quarantine, ledger: Ledger) -> Observer:
    """Return the observer that the config wants; nothing is imported, opened or started that it does not want."""
    require_exporters(settings.metrics)
    require_notify(settings.notify)
    collector = hook = None
    if settings.metrics.is_on:
        from imgwatch.monitoring.collector import MetricsCollector
        from imgwatch.monitoring.metrics import Exposition

        collector = MetricsCollector(Exposition(settings.metrics), ledger, quarantine.path, model)
    if settings.hooks.quarantined is not None:
        from imgwatch.monitoring.hook import Hook

        hook = Hook(settings.hooks)
    return Observer(ledger, model, hook, collector, _open_notices(settings, quarantine, ledger))


def _open_notices(settings: Settings, quarantine: Quarantine, ledger: Ledger) -> Notices | None:
    if not settings.notify.is_on:
        return None
    from imgwatch.monitoring.notices import Notices
    from imgwatch.monitoring.notifier import Notifier

    notifier = Notifier(urls_of(settings.notify), msgspec.structs.asdict(settings.limits))
    return Notices(settings.notify, ledger, quarantine.path, notifier)


class Observer:
    """Observes results. `collector`, `hook`, `notices`: None unless the config wants them."""

    def __init__(  # noqa: PLR0913 - what follows, each only where it is asked for
        self,
        ledger: Ledger,
        model: LiveModel,
        hook: Hook | None = None,
        collector: MetricsCollector | None = None,
        notices: Notices | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._ledger, self._model, self._wall = ledger, model, wall
        self._hook, self._collector, self._notices = hook, collector, notices
        self._digest = Digest(ledger)
        self._drift: Drift | None = None

    def note(self, result: Result, seconds: float) -> None:
        """Note the result of a picture, so many seconds after it had been written."""
        if result.record is not None and self._hook is not None:
            self._hook.note(result.record)
        is_done = result.state is not FileState.PENDING or result.record is not None  # else it is tried again
        if self._collector is not None and is_done:
            self._collector.latency.note(seconds)
        if result.state is FileState.KEPT and result.judged.judgement.score is not None:
            self._note_kept(result.judged.judgement)

    def keep_house(self) -> None:
        """Do what is due while nothing waits."""
        self._digest.log_if_due()
        if self._notices is not None:
            self._notices.keep_house()

    def publish(self, pulse: Pulse) -> tuple[str, ...]:
        """Export the metrics where they are wanted; return what prevents that. Raises nothing."""
        troubles = self._publish_figures(pulse)
        if self._notices is None:
            return troubles
        self._notices.publish(
            pulse, {f"metrics {number}": trouble for number, trouble in enumerate(troubles)}
        )
        return troubles if self._notices.trouble is None else (*troubles, self._notices.trouble)

    def _publish_figures(self, pulse: Pulse) -> tuple[str, ...]:
        if self._collector is None:
            return ()
        drift: Drift | None = None
        if not pulse.generic_model:
            with suppress(IoFailed, Unavailable):  # the loop notices by itself, and says so
                drift = self._known()
        self._collector.publish(pulse, drift, {} if self._hook is None else self._hook.outcomes)
        return self._collector.troubles

    @property
    def messages(self) -> dict[str, int] | None:
        """Return how many messages were sent, failed and were abandoned; None if none are wanted."""
        return None if self._notices is None else dict(self._notices.outcomes)

    def close(self) -> None:
        """Stop the threads and children beside the loop."""
        if self._hook is not None:
            self._hook.close()
        if self._collector is not None:
            self._collector.close()
        if self._notices is not None:
            self._notices.close()

    def _note_kept(self, judgement: Judgement) -> None:
        """Add a score to the drift test, unless its folder has its own model or threshold."""
        judge, now = self._model.judge, self._wall()
        score = judgement.score
        if score is None or (judgement.model, judgement.threshold) != (judge.scorer.name, judge.threshold):
            return
        before = self._known()
        if judge.contract.generic or not before.wants(now):
            return
        after = before.noted(score, judge.threshold, normal_scores(judge), now)
        if after is before:
            return
        self._drift = after
        self._ledger.facts.put_drift(after.to_json())
        if after.drifts and not before.drifts:
            log.warning("drift: %s", after.summary)
        elif before.drifts and not after.drifts:
            log.info("drift: %s", after.summary)

    def _known(self) -> Drift:
        name = self._model.judge.scorer.name
        if self._drift is None or self._drift.model != name:
            self._drift = Drift.of(name, self._ledger.facts.drift)
        return self._drift


def normal_scores(judge: Judge) -> Sequence[float]:
    """Return the scores of held-out normal pictures by this judge, with its feedback."""
    taught = None if judge.correction is None else judge.correction.normal_scores
    return judge.contract.calibration.scores if taught is None else taught.tolist()
