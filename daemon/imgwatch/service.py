"""The daemon: one loop that joins watcher, scan, settle and sorting. Events make it quick, scans make it complete.

It decides when things happen; what happens to a picture is in `sorting`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from imgwatch import mounts
from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.errors import InputMissing
from imgwatch.judging import LiveModel
from imgwatch.ledger import Ledger, Row, State
from imgwatch.quarantine import Quarantine
from imgwatch.scan import Scope, identity_of, is_candidate, walk
from imgwatch.settings import Settings, Watch
from imgwatch.settle import Settling
from imgwatch.sorting import Policy, Sorter, new_candidates
from imgwatch.status import Pulse
from imgwatch.watcher import Hint, Hints, Overflow, Wake, Watcher

log = logging.getLogger(__name__)

_CHUNK = 64  # pictures sorted before the loop looks up again
_HOUSEKEEPING_SECONDS = 2.0
_POLL_SECONDS = 10.0  # between scans of a folder where events cannot be relied on
_REST_SECONDS = 60.0  # without work, the decoding workers are let go
_RETRY_SECONDS = 30.0  # after a move failed


@dataclass
class _Root:
    """One watched folder: what the config says, and the folder that was there when it was last looked at."""

    watch: Watch
    scope: Scope
    folder: tuple[int, int] | None = None  # device, inode; None while it is gone
    polled: bool = False
    next_scan: float = 0.0


def scopes_of(settings: Settings) -> list[Scope]:
    """Return what the config tells to watch, without the quarantine and the state folder, wherever they lie."""
    apart = (settings.quarantine.path.resolve(), settings.state.resolve())
    return [Scope(watch.path.resolve(), watch.recursive, watch.ignore, apart) for watch in settings.watch]


class Service:
    """Watches and sorts until `stop` is called. `on_pulse` is called at least every few seconds: the loop is alive."""

    def __init__(  # noqa: PLR0913 - it joins all parts; each is made, and closed, by the command
        self,
        settings: Settings,
        model: LiveModel,
        quarantine: Quarantine,
        ledger: Ledger,
        on_pulse: Callable[[Pulse], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._model = model
        self._quarantine = quarantine
        self._ledger = ledger
        self._on_pulse = on_pulse
        self._clock = clock
        self._hints = Hints()
        self._watcher = Watcher(self._hints)
        self._settling = Settling(settings.settle_seconds)
        self._breaker = Breaker(settings.breaker, is_open=ledger.fact("breaker") == "open")
        self._sorter = Sorter(lambda: model.judge, quarantine, ledger, Policy.of(settings), self._breaker)
        self._roots = [
            _Root(watch, scope) for watch, scope in zip(settings.watch, scopes_of(settings), strict=True)
        ]
        self._ready: deque[Path] = deque()
        self._stopping = False
        self._last_work = self._last_pulse = self._next_retry = 0.0

    def stop(self) -> None:
        """Make `run` return after the picture at hand. Safe to call from a signal handler."""
        self._stopping = True
        self._model.judge.decoder.interrupt()
        self._hints.put(Wake())

    def run(self, on_ready: Callable[[], None]) -> None:
        """Watch until stopped. `on_ready` is called once what arrives from now on is judged."""
        self._begin()
        try:
            on_ready()
            while not self._stopping:
                self._take_hints(self._wait_seconds())
                self._sort_ready()
                self._keep_house()
        finally:
            self._watcher.stop()

    def _begin(self) -> None:
        for root in self._roots:
            if not root.scope.root.is_dir() and self._ledger.is_first_start(root.scope.root):
                raise InputMissing(
                    f"{root.watch.path}: no such folder to watch; make it, or correct `watch` in the config"
                )
        count_history(self._quarantine, self._ledger)
        self._watch_all()
        for path in self._ledger.waiting(State.PENDING):
            self._notice(path)

    def _watch_all(self) -> None:
        """Watch anew every folder that is there: watch first, then look, so that nothing slips through."""
        self._watcher.stop()
        for root in self._roots:
            root.folder = _folder_at(root.scope.root)
            root.polled = root.folder is None or not self._can_watch(root)
        failed = self._watcher.start([root.scope for root in self._roots if not root.polled])
        for scope, fault in failed:
            log.error(
                "%s: cannot be watched (%s); it is scanned every %g s instead",
                scope.root,
                fault,
                _POLL_SECONDS,
            )
        blind = {scope.root for scope, _ in failed}
        for root in self._roots:
            root.polled = root.polled or root.scope.root in blind
            if root.folder is not None:
                self._scan_or_begin(root)

    def _can_watch(self, root: _Root) -> bool:
        if root.watch.method == "auto":
            return mounts.sees_events(root.scope.root)
        return root.watch.method == "inotify"

    def _scan_or_begin(self, root: _Root) -> None:
        place = root.scope.root
        if self._ledger.is_first_start(place):
            rows = self._existing(root) if root.watch.existing == "keep" else iter(())
            number = self._ledger.begin(place, rows, time.time())
            log.info("%s: watched from now on; %d files that lie there already are left alone", place, number)
        self._scan(root)

    def _existing(self, root: _Root) -> Iterator[Row]:
        for folder, listing in walk(root.scope):
            self._pulse_if_due()
            for name, identity in listing.items():
                yield Row(folder / name, identity, State.EXISTING)

    def _scan(self, root: _Root, top: Path | None = None) -> None:
        """Notice every file that the ledger does not know in this version."""
        for folder, listing in walk(root.scope, top):
            self._pulse_if_due()
            for path in new_candidates(self._ledger, folder, listing):
                self._settling.notice(path, listing[path.name], self._clock())
        if top is None:
            every = _POLL_SECONDS if root.polled else self._settings.scan_minutes * 60
            root.next_scan = self._clock() + every

    def _wait_seconds(self) -> float:
        if self._ready:
            return 0.0
        due = self._settling.next_due()
        wait = _HOUSEKEEPING_SECONDS if due is None else min(due - self._clock(), _HOUSEKEEPING_SECONDS)
        return max(wait, 0.0)

    def _take_hints(self, wait_seconds: float) -> None:
        """Wait for the first hint, then take all that are there."""
        try:
            hint: Hint = self._hints.get(timeout=wait_seconds) if wait_seconds else self._hints.get_nowait()
            while True:
                self._follow(hint)
                hint = self._hints.get_nowait()
        except Empty:
            return

    def _follow(self, hint: Hint) -> None:
        if isinstance(hint, Overflow):
            log.warning("more happened at once than the kernel could tell; all watched folders are scanned")
            for root in self._roots:
                root.next_scan = self._clock()
        elif isinstance(hint, Path):
            self._notice(hint)

    def _notice(self, path: Path) -> None:
        root = next((root for root in self._roots if root.scope.admits(path)), None)
        if root is None:
            return
        identity = identity_of(path)
        if identity is not None:
            known = self._ledger.known(path)
            if known is None or not known.covers(identity):
                self._settling.notice(path, identity, self._clock())
        elif path.is_dir() and not path.is_symlink():
            self._scan(root, path)

    def _sort_ready(self) -> None:
        now = self._clock()
        self._ready.extend(
            path for path in self._settling.settled(now, identity_of) if self._wants_judgement(path)
        )
        if not self._ready:
            return
        chunk = [self._ready.popleft() for _ in range(min(_CHUNK, len(self._ready)))]
        for _ in self._sorter.sort(chunk):
            self._pulse_if_due()
            if self._stopping:
                break
        self._last_work = now
        if self._sorter.stuck is not None:
            self._next_retry = now + _RETRY_SECONDS

    def _wants_judgement(self, path: Path) -> bool:
        """Look once more at what has settled: it may be known meanwhile (restored, rescanned), or no picture."""
        identity = identity_of(path)
        known = self._ledger.known(path)
        if identity is None or (known is not None and known.covers(identity)):
            return False
        if is_candidate(path):
            return True
        self._ledger.remember([Row(path, identity, State.OTHER)], time.time())
        return False

    def _keep_house(self) -> None:
        self._pulse_if_due()
        if self._ready:
            return
        now = self._clock()
        self._model.refresh()
        self._close_breaker_if_told()
        if self._roots_changed() or not self._watcher.is_alive():
            self._watch_all()
        for root in self._roots:
            if root.folder is not None and now >= root.next_scan:
                self._scan(root)
        if self._next_retry and now >= self._next_retry:
            self._next_retry = 0.0
            for path in self._ledger.waiting(State.PENDING):
                self._notice(path)
        if now - self._last_work > _REST_SECONDS:
            self._model.judge.decoder.rest()

    def _roots_changed(self) -> bool:
        """Tell whether a watched folder went, came back or was replaced. Gone never means deleted."""
        changed = False
        for root in self._roots:
            there = _folder_at(root.scope.root)
            if there != root.folder:
                changed = True
                if there is None:
                    log.error("%s: the watched folder is gone; waiting for it to come back", root.scope.root)
                else:
                    log.info("%s: the watched folder is there again", root.scope.root)
        return changed

    def _close_breaker_if_told(self) -> None:
        if self._breaker.is_open and self._ledger.fact("breaker") != "open":
            self._breaker.close()
            held = self._ledger.waiting(State.HELD)
            self._ledger.forget(held)
            for path in held:
                self._notice(path)
            log.info("the breaker is closed; %d pictures held back are judged now", len(held))

    def _pulse_if_due(self) -> None:
        now = self._clock()
        if now - self._last_pulse >= 1.0:
            self._last_pulse = now
            self._on_pulse(self.pulse())

    def pulse(self) -> Pulse:
        """Tell how the daemon is."""
        judge = self._model.judge
        return Pulse(
            backlog=len(self._ready) + len(self._settling),
            breaker="open" if self._breaker.is_open else "closed",
            model=judge.scorer.name,
            threshold=judge.threshold,
            generic_model=judge.contract.generic,
            folders={str(root.scope.root): _state_of(root) for root in self._roots},
        )


def _folder_at(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if path.is_dir() else None


def _state_of(root: _Root) -> str:
    if root.folder is None:
        return "gone"
    return "scanned" if root.polled else "watched"
