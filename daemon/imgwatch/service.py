"""The daemon: one loop that joins watched folders, intake and pipeline, and outlives every fault that may pass.

It decides when things happen; `pipeline` decides what happens to a picture.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from queue import Empty

from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.duplicates.taking import Duplicates
from imgwatch.errors import (
    ImgwatchError,
    InputMissing,
    LedgerDamaged,
    MoveFailed,
    QuarantineGone,
    RestartNeeded,
    Unavailable,
)
from imgwatch.feedback.learner import FeedbackLearner
from imgwatch.file_faults import FileFaults
from imgwatch.health import Health
from imgwatch.kind_promises import silence_in_words
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.live_model import LiveModel
from imgwatch.monitoring.observer import Observer
from imgwatch.pipeline import Pipeline, hold_until_settled
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.requeue import Requeue
from imgwatch.settings import Settings
from imgwatch.status import Pulse
from imgwatch.timers import Alarm, Clock, Every, Pauses
from imgwatch.upkeep import Upkeep
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
        self._quarantine = quarantine
        quarantine.on_wait = self._keep_going_while
        model.tried.on_wait = self._keep_going
        self._ledger = ledger
        self._on_pulse = on_pulse
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
        self._pipeline = Pipeline(
            lambda: model.judge,
            quarantine,
            ledger,
            Policy.of(settings, lambda path: model.judges.of(path).contract.generic, spares_existing=True),
            self._breaker,
            self._health,
            self._faults,
            duplicates,
        )
        self._intake = Intake(
            settings.settle_seconds,
            ledger,
            self._roots,
            clock,
            self._keep_going,
            self._faults,
            together=settings.companions == "together",
            minimum_age_seconds=settings.minimum_age_seconds,
            awaits=self._pipeline.mover.awaits,
        )
        self._requeue = Requeue(ledger, self._breaker, self._intake.notice, Every(pauses.look_for_due, clock))
        self._upkeep = Upkeep(settings, model, quarantine, ledger, duplicates, clock, pauses)
        self._latecomers: list[Path] = []  # files that could not follow their pictures yet
        self._stopping = self._has_new_folders = self._is_ready = False
        self._retry = Alarm(pauses.retry, clock)
        self._pulse_timer = Every(pauses.pulse, clock)

    def stop(self) -> None:
        """Make `run` return after the picture at hand. Safe to call from a signal handler."""
        self._stopping = True
        self._model.interrupt()
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
            self._pulse_if_due()
            try:
                self._hints.get(timeout=1.0)  # dropped: the scan afterwards finds all
            except Empty:
                continue
        self._health.expect_calm()
        for root in self._roots:
            root.next_scan = self._clock()

    def _begin(self) -> None:
        for root in self._roots:
            # What was begun as a folder may be a symlink by now, which leads elsewhere.
            if all(map(self._ledger.is_first_start, (root.scope.root, root.origin.path))):
                self._roots.require(root)
        self._recover_quarantine()
        self._requeue.unread()
        if not all(self._pipeline.policy.only_reports(root.scope.root) for root in self._roots):
            self._requeue.say_what_was_reported()
        self._requeue.changed_kinds(self._kinds)
        self._watch()
        self._requeue.pending()
        if not self._breaker.is_open:
            self._requeue.held()

    def _watch(self) -> None:
        """Watch every existing folder anew: watch first, then scan, so that nothing is missed."""
        self._roots.watch()
        for root in self._roots:
            if root.folder is not None:
                self._intake.begin_or_scan(root)

    def _recover_quarantine(self) -> None:
        """End what a killed process left in the quarantine, and count what its log says."""
        try:
            self._quarantine.recover()
            if self._pipeline.mover.has_left:
                self._pipeline.mover.move_on_left()
            if self._pipeline.mover.has_left:
                self._retry.set()
            count_history(self._quarantine, self._ledger)
        except (MoveFailed, Unavailable) as fault:
            self._health.note_failed_move(fault)
            self._retry.set()
        else:
            self._health.note_good_move()
            if not self._pipeline.mover.has_left and not self._ledger.waiting(FileState.PENDING):
                self._health.note_good_destination()  # nothing waits for it any more

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
        self._model.judges.call_on_progress(self._pulse_if_due)
        judged = self._model.judges.judge(files)
        wanted = takewhile(lambda _: not self._stopping, judged)  # what is moved by then is still told
        held = hold_until_settled(wanted, files, self._clock, self._intake.notice)
        for result in self._pipeline.act(held):
            self._observer.note(result, self._clock() - files[result.judged.path].since)
            if result.waits:
                self._breaker.excuse([result.judged.path])
                self._retry.set()
            self._pulse_if_due()
        self._upkeep.note_work()
        if self._health.has_unmoved:
            self._retry.set()

    def _follow_pictures(self) -> None:
        """Move companions that came after their pictures had been moved."""
        for file in self._intake.take_latecomers():
            time.sleep(max(file.since - self._clock(), 0.0))
            if not self._pipeline.follow(file.path):
                self._latecomers.append(file.path)
                self._retry.set()

    def _keep_house(self) -> None:
        self._pulse_if_due()
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
        self._look_for_quarantine()
        if self._retry.goes_off():
            self._retry_moves()
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

    def _look_for_quarantine(self) -> None:
        """Notice a removed disk before a picture fails, and its return at once."""
        try:
            self._quarantine.look()
        except QuarantineGone as gone:
            self._health.note_failed_move(gone)
            self._retry.set()
        else:
            if self._health.is_quarantine_gone:
                self._retry.set_now()

    def _retry_moves(self) -> None:
        latecomers, self._latecomers = self._latecomers, []
        self._requeue.pending(latecomers)
        if not len(self._intake):  # what could not be moved is gone
            self._recover_quarantine()

    def _keep_going(self) -> None:
        """Report to systemd during long walks, and end them when asked to stop."""
        if self._stopping:
            raise _Stopped
        self._pulse_if_due()

    def _keep_going_while(self, waiting: str) -> None:
        """Report to systemd during a wait, with its reason, and end it when asked to stop."""
        self._health.waits_for = waiting
        try:
            self._keep_going()
        finally:
            self._health.waits_for = None

    def _pulse_if_due(self) -> None:
        if (self._is_ready or self._health.has_failed) and self._pulse_timer.is_due():
            self._pulse_timer.restart()
            self._on_pulse(self.pulse())

    def pulse(self) -> Pulse:
        """Return the daemon's state."""
        judge, limit = self._model.judge, self._roots.limit
        self._health.refused_model = self._model.refused
        self._health.watch_limit = None if limit is None else limit.sysctl
        causes = self._health.causes()
        return Pulse(
            alive=self._is_ready,  # before that nobody may take it for watching
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
