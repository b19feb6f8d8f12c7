"""The daemon: one loop that joins watched folders, intake and sorting, and outlives every fault that may pass.

It decides when things happen; what happens to a picture is in `sorting`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from queue import Empty

from imgwatch import memory
from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.errors import (
    FormatTooNew,
    IoFailed,
    LedgerDamaged,
    MoveFailed,
    QuarantineGone,
    RestartNeeded,
    Unavailable,
)
from imgwatch.feedback.learner import FeedbackLearner
from imgwatch.judging import LiveModel
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.monitoring.observer import Observer
from imgwatch.pipeline import Policy, Sorter
from imgwatch.quarantine import Quarantine
from imgwatch.settings import Settings
from imgwatch.status import Pulse
from imgwatch.watching.intake import Intake
from imgwatch.watching.roots import Roots
from imgwatch.watching.roots import scopes_of as scopes_of
from imgwatch.watching.watcher import Hint, Hints, Overflow, Wake

log = logging.getLogger(__name__)

_CHUNK = 256  # pictures sorted before the loop looks up again
_HOUSEKEEPING_SECONDS = 2.0
_RESTING_SECONDS = 5.0  # the same, after a while without work: it is woken for nothing else
_SLACK_SECONDS = 5.0  # so often at most freed memory is given back: the next batch has to ask for it again
_REST_SECONDS = 60.0  # without work, the decoding workers are let go
_STARTED_SECONDS = 2.0  # so long before a picture settles they are started again
_RETRY_SECONDS = 10.0  # after a move, or the ledger, failed
_PURGE_SECONDS = 3600.0
_PROBE_SECONDS = 60.0  # without work, the whole way through the model is tried this often


class _Stopped(Exception):
    """`stop` was called in the middle of a long walk."""


class Service:
    """Watches and sorts until `stop` is called. `on_pulse` is called at least every few seconds while the loop works:
    a scorer that hangs, or a step that never ends, stops it.
    """

    def __init__(  # noqa: PLR0913 - it joins all parts; each is made, and closed, by the command
        self,
        settings: Settings,
        model: LiveModel,
        quarantine: Quarantine,
        ledger: Ledger,
        on_pulse: Callable[[Pulse], None],
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._model = model
        self._quarantine = quarantine
        self._ledger = ledger
        self._on_pulse = on_pulse
        self._observer = observer or Observer(ledger, model)
        self._clock = clock
        self._hints = Hints()
        self._roots = Roots(settings, self._hints)
        self._intake = Intake(settings.settle_seconds, ledger, self._roots, clock, self._keep_going)
        self._breaker = Breaker(settings.breaker, is_open=ledger.facts.breaker_is_open)
        self._teacher = FeedbackLearner(quarantine, ledger)
        self._sorter = Sorter(lambda: model.judge, quarantine, ledger, Policy.of(settings), self._breaker)
        self._trouble: str | None = None
        self._stopping = self._has_new_folders = self._is_ready = False
        self._has_slack = True  # freed memory that could be given back
        self._last_work = self._last_probe = self._last_pulse = self._last_given = 0.0
        self._next_retry = self._next_purge = self._calm_at = 0.0

    def stop(self) -> None:
        """Make `run` return after the picture at hand. Safe to call from a signal handler."""
        self._stopping = True
        self._model.judge.decoder.interrupt()
        self._hints.put(Wake())

    def run(self, on_ready: Callable[[], None]) -> None:
        """Watch until stopped. `on_ready` is called once what arrives from now on is judged."""
        try:
            while not self._stopping and not self._is_ready:
                self._is_ready = self._attempt(self._begin)
            if self._is_ready:
                on_ready()
            while not self._stopping:
                self._attempt(self._turn)
        except _Stopped:
            pass
        finally:
            self._roots.stop()

    def _begin(self) -> None:
        for root in self._roots:
            if self._ledger.is_first_start(root.scope.root):
                self._roots.require(root)
        self._take_stock()
        self._watch()
        for path in self._ledger.waiting(FileState.PENDING):
            self._intake.notice(path)
        if not self._breaker.is_open:
            self._take_up_held()

    def _watch(self) -> None:
        """Watch anew every folder that is there: watch first, then look, so that nothing slips through."""
        self._roots.watch()
        for root in self._roots:
            if root.folder is not None:
                self._intake.begin_or_scan(root)

    def _take_stock(self) -> None:
        """End what a killed process left in the quarantine, and count what its log says."""
        try:
            self._quarantine.recover()
            count_history(self._quarantine, self._ledger)
        except (MoveFailed, Unavailable) as fault:
            self._sorter.hold(fault)
            self._next_retry = self._clock() + _RETRY_SECONDS
        else:
            self._sorter.go_on()

    def _attempt(self, step: Callable[[], None]) -> bool:
        """Begin, or do one round; if ledger or disk fail, leave all pictures where they are, wait, and look again."""
        try:
            step()
        except RestartNeeded:
            raise
        except LedgerDamaged as damage:
            self._ledger.mend(str(damage))
            self._intake.forget()
            self._watch()
        except (FormatTooNew, IoFailed, Unavailable, OSError) as fault:
            self._wait_out(fault)
        else:
            if self._trouble is not None and self._clock() >= self._calm_at:
                log.warning("it works again")
                self._trouble = None
            return True
        return False

    def _turn(self) -> None:
        self._take_hints(self._wait_seconds())
        self._start_workers()
        self._sort()
        self._keep_house()
        self._give_back(self._clock())

    def _wait_out(self, fault: Exception) -> None:
        if self._trouble is None:  # one line, not one a picture
            log.error("all pictures stay where they are; tried again every %g s: %s", _RETRY_SECONDS, fault)
        self._trouble = str(fault)
        self._intake.forget()
        until = self._clock() + _RETRY_SECONDS
        while not self._stopping and self._clock() < until:
            self._pulse_if_due()
            try:
                self._hints.get(timeout=1.0)  # dropped: the scan afterwards finds all
            except Empty:
                continue
        self._calm_at = self._clock() + 2 * _RETRY_SECONDS  # a round that writes nothing proves nothing
        for root in self._roots:
            root.next_scan = self._clock()

    def _wait_seconds(self) -> float:
        if self._intake.has_ready:
            return 0.0
        due = self._intake.next_due()
        now = self._clock()
        longest = _HOUSEKEEPING_SECONDS if now - self._last_work < _REST_SECONDS else _RESTING_SECONDS
        return max(min(longest, longest if due is None else due - now), 0.0)

    def _take_hints(self, wait_seconds: float) -> None:
        """Wait for the first hint, then take all that are there."""
        try:
            hint: Hint = self._hints.get(wait_seconds)
            while True:
                self._keep_going()
                self._follow(hint)
                hint = self._hints.get(0)
        except Empty:
            return

    def _follow(self, hint: Hint) -> None:
        if isinstance(hint, Overflow):
            log.warning("more happened at once than the kernel could tell; all watched folders are scanned")
            for root in self._roots:
                root.next_scan = self._clock()
        elif not isinstance(hint, Wake) and self._intake.notice(hint):
            self._has_new_folders = True

    def _start_workers(self) -> None:
        """Have the workers that were let go ready again when a picture has settled."""
        decoder = self._model.judge.decoder
        if decoder.is_resting and self._intake.expects_picture(_STARTED_SECONDS):
            decoder.start()

    def _sort(self) -> None:
        chunk = self._intake.take(_CHUNK)
        if not chunk:
            return
        settled = {file.path: file for file in chunk}
        self._model.judge.on_progress = self._pulse_if_due
        judged = self._model.judge.judge(settled)
        for result in self._sorter.put(self._intake.until_settled(judged, settled)):
            self._observer.note(result, self._clock() - settled[result.judged.path].since)
            self._pulse_if_due()
            if self._stopping:
                break
        self._last_work = self._clock()
        self._has_slack = True
        if self._sorter.stuck is not None:
            self._next_retry = self._last_work + _RETRY_SECONDS

    def _keep_house(self) -> None:
        self._pulse_if_due()
        now = self._clock()
        if self._intake.wants_scan:
            self._scan_if_due(now)
        if self._intake.has_ready:
            return
        self._has_slack |= self._model.refresh() | self._teacher.refresh(self._model.judge)
        if self._breaker.is_open and not self._ledger.facts.breaker_is_open:
            self._breaker.close()
            log.info("the breaker is closed")
            self._take_up_held()
        if self._roots.have_changed() or not self._roots.is_watching():
            self._watch()
        self._scan_if_due(now)
        self._look_for_quarantine(now)
        self._retry_if_due(now)
        self._purge_if_due(now)
        self._observer.keep_house()
        self._rest(now)

    def _rest(self, now: float) -> None:
        """Be small and well while there is nothing to do."""
        if now - self._last_work > _REST_SECONDS and not self._intake.expects_picture(_STARTED_SECONDS):
            self._model.judge.decoder.rest()
        if now - max(self._last_work, self._last_probe) > _PROBE_SECONDS:
            self._last_probe = now
            self._model.judge.scorer.probe()
            self._has_slack = True

    def _give_back(self, now: float) -> None:
        if self._has_slack and now - self._last_given > _SLACK_SECONDS:
            self._has_slack, self._last_given = False, now
            memory.give_back()

    def _scan_if_due(self, now: float) -> None:
        if self._intake.is_full:
            return
        due = [root for root in self._roots if root.folder is not None and now >= root.next_scan]
        if due or self._has_new_folders:
            self._has_new_folders = False
            self._roots.check_limits()
        for root in due:
            self._intake.scan(root)

    def _look_for_quarantine(self, now: float) -> None:
        """Notice a disk that is taken away without a picture having to fail, and that it is back at once."""
        try:
            self._quarantine.look()
        except QuarantineGone as gone:
            self._sorter.hold(gone)
            self._next_retry = now + _RETRY_SECONDS
        else:
            if isinstance(self._sorter.stuck, QuarantineGone):
                self._next_retry = now

    def _retry_if_due(self, now: float) -> None:
        if not self._next_retry or now < self._next_retry:
            return
        self._next_retry = 0.0
        waiting = self._ledger.waiting(FileState.PENDING)
        for path in waiting:
            self._intake.notice(path)
        if not len(self._intake):  # what could not be moved is gone
            self._take_stock()

    def _purge_if_due(self, now: float) -> None:
        """Delete for good what exceeds the limits that the user set. The clock's faults are `purge`'s care."""
        limits = self._settings.quarantine
        if now < self._next_purge or (limits.keep_days is None and limits.max_gigabytes is None):
            return
        self._next_purge = now + _PURGE_SECONDS
        most = None if limits.max_gigabytes is None else int(limits.max_gigabytes * 1e9)
        for record in self._quarantine.purge(limits.keep_days, most):
            log.info("%s (%s) deleted for good: the quarantine's limits", record.original, record.id)
        count_history(self._quarantine, self._ledger)

    def _take_up_held(self) -> None:
        """Judge what the breaker held back; the user has looked at it, so it does not open the breaker again."""
        held = self._ledger.waiting(FileState.HELD)
        self._breaker.excuse(held)
        self._ledger.forget(held)
        for path in held:
            self._intake.notice(path)
        if held:
            log.info("%d pictures held back by the breaker are judged now", len(held))

    def _keep_going(self) -> None:
        """Called often in long walks: show life, and end when told to stop."""
        if self._stopping:
            raise _Stopped
        self._pulse_if_due()

    def _pulse_if_due(self) -> None:
        now = self._clock()
        if (self._is_ready or self._trouble) and now - self._last_pulse >= 1.0:
            self._last_pulse = now
            self._on_pulse(self.pulse())

    def pulse(self) -> Pulse:
        """Tell how the daemon is."""
        judge = self._model.judge
        return Pulse(
            alive=self._is_ready,  # before that nobody may take it for watching
            backlog=len(self._intake),
            breaker="open" if self._breaker.is_open else "closed",
            model=judge.scorer.name,
            threshold=judge.threshold,
            generic_model=judge.contract.generic,
            folders={str(root.scope.root): root.state for root in self._roots},
            troubles=self._troubles(),
        )

    def _troubles(self) -> tuple[str, ...]:
        """Say what stands in the way now."""
        stuck, limit = self._sorter.stuck, self._roots.limit
        found = (
            self._trouble,
            None if stuck is None else str(stuck),
            self._model.refused,
            None
            if limit is None
            else f"inotify's limit {limit.sysctl} is reached: folders are scanned instead",
        )
        return tuple(what for what in found if what)
