"""The daemon: one loop that joins watched folders, intake and pipeline, and outlives every fault that may pass.

It decides when things happen: `pipeline` decides what happens to a picture, `move_retry` what if that fails.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import takewhile
from queue import Empty

from imgwatch.breaker import Breaker
from imgwatch.duplicates.taking import Duplicates
from imgwatch.errors import ImgwatchError, InputMissing, LedgerDamaged, RestartNeeded
from imgwatch.feedback.learner import FeedbackLearner
from imgwatch.file_faults import FileFaults
from imgwatch.health import Health
from imgwatch.ledger import Ledger
from imgwatch.live_model import LiveModel
from imgwatch.monitoring.observer import Observer
from imgwatch.pipeline import Pipeline, hold_until_settled
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.service.heartbeat import Heartbeat
from imgwatch.service.move_retry import MoveRetry
from imgwatch.service.requeue import Requeue
from imgwatch.service.upkeep import Upkeep
from imgwatch.settings import Settings
from imgwatch.status import Pulse
from imgwatch.timers import Alarm, Clock, Every, Pauses
from imgwatch.watching.intake import Intake
from imgwatch.watching.roots import Roots
from imgwatch.watching.watcher import Hint, Hints, Overflow, Wake

log = logging.getLogger(__name__)

PAUSES = Pauses()
_CHUNK = 256  # pictures acted on before the loop looks up again


class _Stopped(BaseException):
    """`stop` was called in the middle of a long walk; nothing but `run` may catch it."""


class Service:
    """Watches, judges and moves until `stop` is called.

    `on_pulse` is called at least every few seconds while the loop works: a model that hangs, or a step that never ends,
    stops it.
    """

    def __init__(  # noqa: PLR0913 - it joins all parts; each is made, and closed, by the command
        self,
        settings: Settings,
        model: LiveModel,
        quarantine: Quarantine,
        ledger: Ledger,
        on_pulse: Callable[[Pulse], None],
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
        pauses: Pauses | None = None,
        duplicates: Duplicates | None = None,
    ) -> None:
        self._model = model
        quarantine.access.on_wait = self._keep_going_while
        model.tried.on_wait = self._keep_going
        self._ledger = ledger
        self._observer = observer or Observer(ledger, model)
        self._clock = clock
        self._pauses = pauses = pauses or PAUSES
        self._kinds = settings.kinds
        self._hints = Hints()
        self._roots = Roots(settings, self._hints)
        self._faults = FileFaults(ledger)
        self._health = Health(clock, pauses.retry)
        self._breaker = Breaker(settings.breaker, is_open=ledger.facts.breaker_is_open)
        self._learner = FeedbackLearner(quarantine, ledger)
        self._pipeline = self._make_pipeline(settings, quarantine, duplicates)
        self._intake = self._make_intake(settings)
        self._requeue = Requeue(ledger, self._breaker, self._intake.notice, Every(pauses.look_for_due, clock))
        self._upkeep = Upkeep(settings, model, quarantine, ledger, duplicates, clock, pauses)
        mover, alarm = self._pipeline.mover, Alarm(pauses.retry, clock)
        self._move_retry = MoveRetry(quarantine, ledger, mover, self._health, self._requeue, alarm)
        self._heartbeat = Heartbeat(
            on_pulse,
            model,
            self._roots,
            self._intake,
            self._breaker,
            self._health,
            Every(pauses.pulse, clock),
        )
        self._stopping = self._has_new_folders = False

    def _make_pipeline(
        self, settings: Settings, quarantine: Quarantine, duplicates: Duplicates | None
    ) -> Pipeline:
        model = self._model
        return Pipeline(
            lambda: model.judge,
            quarantine,
            self._ledger,
            Policy.of(settings, lambda path: model.judges.of(path).contract.generic, spares_existing=True),
            self._breaker,
            self._health,
            self._faults,
            duplicates,
        )

    def _make_intake(self, settings: Settings) -> Intake:
        return Intake(
            settings.settle_seconds,
            self._ledger,
            self._roots,
            self._clock,
            self._keep_going,
            self._faults,
            together=settings.companions == "together",
            minimum_age_seconds=settings.minimum_age_seconds,
            awaits=self._pipeline.mover.awaits,
        )

    def stop(self) -> None:
        """Make `run` return after the picture at hand. Safe to call from a signal handler."""
        self._stopping = True
        self._model.interrupt()
        self._hints.put(Wake())

    def run(self, on_ready: Callable[[], None]) -> None:
        """Watch until stopped. `on_ready` is called once what arrives from now on is judged."""
        try:
            while not self._stopping and not self._heartbeat.is_alive:
                self._heartbeat.is_alive = self._attempt(self._begin)
            if self._heartbeat.is_alive:
                on_ready()
            while not self._stopping:
                self._attempt(self._turn)
        except _Stopped:
            pass
        finally:
            self._roots.stop()

    def _attempt(self, step: Callable[[], None]) -> bool:
        """Start, or do one turn; if it fails, leave all pictures where they are, wait, and try again."""
        try:
            step()
        except (RestartNeeded, InputMissing):
            raise
        except LedgerDamaged as damage:
            self._ledger.mend(str(damage))
            self._intake.forget()
            self._watch()
        except (ImgwatchError, OSError) as fault:
            self._wait_out(fault)
        except Exception as fault:  # whatever is wrong with one turn must not end the daemon
            log.debug("what failed:", exc_info=True)
            self._wait_out(fault)
        else:
            self._health.note_good_turn()
            return True
        return False

    def _wait_out(self, fault: Exception) -> None:
        self._health.note_failed_turn(fault)
        self._intake.forget()
        until = self._clock() + self._pauses.retry
        while not self._stopping and self._clock() < until:
            self._heartbeat.beat_if_due()
            try:
                self._hints.get(timeout=self._pauses.pulse)  # dropped: the scan afterwards finds all
            except Empty:
                continue
        self._health.expect_calm()
        for root in self._roots:
            root.next_scan = self._clock()

    def _begin(self) -> None:
        for root in self._roots if not self._ledger.has_replaced_another else ():
            # What was begun as a folder may be a symlink by now, which leads elsewhere.
            if all(map(self._ledger.is_first_start, (root.scope.root, root.origin.path))):
                self._roots.require(root)
        self._move_retry.recover()
        self._requeue.unread()
        if not all(self._pipeline.policy.only_reports(root.scope.root) for root in self._roots):
            self._requeue.say_what_was_reported()
        self._requeue.changed_kinds(self._kinds)
        self._watch()
        self._roots.report_missing()
        self._requeue.pending()
        if not self._breaker.is_open:
            self._requeue.held()

    def _watch(self) -> None:
        """Watch every existing folder anew: watch first, then scan, so that nothing is missed."""
        self._roots.watch()
        for root in self._roots:
            if root.folder is not None:
                self._intake.begin_or_scan(root)

    def _turn(self) -> None:
        self._take_hints(self._wait_seconds())
        if self._intake.expects_picture(self._pauses.start_workers):
            self._model.wake()
        self._judge_and_act()
        self._keep_house()
        self._upkeep.give_back_memory()

    def _wait_seconds(self) -> float:
        if self._intake.has_ready or self._upkeep.has_originals_to_look_at:
            return 0.0
        due = self._intake.next_due()
        now = self._clock()
        is_resting = self._upkeep.idle_seconds >= self._pauses.let_workers_go
        longest = self._pauses.resting if is_resting else self._pauses.housekeeping
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
            log.warning("more happened at once than the kernel could report; all watched folders are scanned")
            for root in self._roots:
                root.next_scan = self._clock()
        elif not isinstance(hint, Wake) and self._intake.notice(hint):
            self._has_new_folders = True

    def _judge_and_act(self) -> None:
        """Take, judge, hold until settled, act."""
        files = {file.path: file for file in self._intake.take(_CHUNK)}
        self._follow_pictures()
        if not files:
            return
        self._follow_breaker()
        self._model.judges.call_on_progress(self._heartbeat.beat_if_due)
        judged = self._model.judges.judge(files)
        wanted = takewhile(lambda _: not self._stopping, judged)  # what is moved by then is still reported
        held = hold_until_settled(wanted, files, self._clock, self._intake.notice)
        for result in self._pipeline.act(held):
            self._observer.note(result, self._clock() - files[result.judged.path].since)
            if result.waits:
                self._breaker.excuse([result.judged.path])
                self._move_retry.set_alarm()
            self._heartbeat.beat_if_due()
        self._upkeep.note_work()
        if self._health.has_unmoved:
            self._move_retry.set_alarm()

    def _follow_pictures(self) -> None:
        """Move companions that came after their pictures had been moved."""
        for file in self._intake.take_latecomers():
            time.sleep(max(file.since - self._clock(), 0.0))
            if not self._pipeline.follow(file.path):
                self._move_retry.note_latecomer(file.path)

    def _keep_house(self) -> None:
        self._heartbeat.beat_if_due()
        if self._intake.wants_scan:
            self._scan_if_due()
        if self._intake.has_ready:
            return
        if self._model.refresh() | self._learner.refresh(self._model.judge):
            self._upkeep.note_freed_memory()
        self._follow_breaker()
        if self._roots.have_changed() or not self._roots.is_watching():
            self._watch()
        self._scan_if_due()
        self._move_retry.look()
        self._move_retry.retry_if_due(self._intake)
        self._upkeep.purge_if_due()
        self._requeue.due()
        self._observer.keep_house()
        self._upkeep.look_for_originals(self._keep_going)
        self._upkeep.rest(expects_picture=self._intake.expects_picture(self._pauses.start_workers))

    def _follow_breaker(self) -> None:
        """Stop where `imgwatch pause` has opened the breaker, go on where `imgwatch resume` has closed it."""
        is_open = self._ledger.facts.breaker_is_open
        if is_open and not self._breaker.is_open:
            self._breaker.open()
            log.warning("nothing is moved until `imgwatch resume`: %s", self._ledger.facts.breaker_reason)
        elif self._breaker.is_open and not is_open:
            self._breaker.close()
            log.info("the breaker is closed", extra={"cause": "breaker"})
            self._requeue.held()

    def _scan_if_due(self) -> None:
        if self._intake.is_full:
            return
        now = self._clock()
        due = [root for root in self._roots if root.folder is not None and now >= root.next_scan]
        if due or self._has_new_folders:
            self._has_new_folders = False
            self._roots.check_limits()
        for root in due:
            self._intake.scan(root)

    def _keep_going(self) -> None:
        """Report to systemd during long walks, and end them when asked to stop."""
        if self._stopping:
            raise _Stopped
        self._heartbeat.beat_if_due()

    def _keep_going_while(self, waiting: str) -> None:
        """Report to systemd during a wait, with its reason, and end it when asked to stop."""
        self._health.waits_for = waiting
        try:
            self._keep_going()
        finally:
            self._health.waits_for = None

    def pulse(self) -> Pulse:
        """Return the daemon's state."""
        return self._heartbeat.pulse()
