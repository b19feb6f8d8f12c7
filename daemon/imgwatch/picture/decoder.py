"""Decode pictures in worker processes with limits on seconds and memory: a crash costs only one picture.

It decodes paths in order, a bounded number at a time; `decoding` knows what a picture is.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import InvalidStateError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Self
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from imgwatch import memory
from imgwatch.picture import decoding, spawning
from imgwatch.picture.decoding import Box, Decoded, Limits, Shape
from imgwatch.picture.unreadable import TemporarilyUnreadable, Unreadable

Outcome = Decoded | Unreadable | FileNotFoundError
Future = ProcessFuture[list[Outcome]]
_AHEAD = 32  # pictures under way per worker: enough for all the time that a batch of them is scored
_GROUP, _GROUP_BYTES = (
    16,
    1_000_000,
)  # small pictures travel together: one journey costs more than to decode one
_LOOK_UP_SECONDS = 0.25  # how often a wait for a slow picture looks whether it is interrupted
_STOP_TRIES = 5
_GRACE_SECONDS = 10.0  # beyond twice its limit, until a picture is taken for lost
_RECYCLE = 1000  # groups after which a worker is replaced, so that a leak in a codec cannot grow


class Decoder:
    """A pool of decoding workers, started at the first picture and stopped by `rest` or `close`."""

    def __init__(self, shape: Shape, limits: Limits, workers: int = 1) -> None:
        self.shape = shape
        self.limits = limits
        self._workers = max(1, workers)
        self._pool: ProcessPool | None = None
        self._asked: WeakSet[Future] = WeakSet()  # of the pool in use
        self._interrupted = False
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def look_at(self, path: Path, box: Shape | Box) -> Outcome:
        """Decode one picture for a person to see. Safe to call from several threads."""
        try:
            return self._alone(path, self._schedule([path], box), box)
        except _Interrupted:
            return TemporarilyUnreadable("not decoded: the program is stopping")

    def decode(self, paths: Iterable[Path], shape: Shape | None = None) -> Iterator[tuple[Path, Outcome]]:
        """Yield each path with its outcome, in order. A fault of one picture is a value, never an exception."""
        under_way: deque[tuple[list[Path], Future]] = deque()
        try:
            for group in _groups(paths):
                under_way.append((group, self._schedule(group, shape)))
                while sum(len(waiting) for waiting, _ in under_way) > _AHEAD * self._workers:
                    yield from self._outcomes(*under_way[0], shape)
                    under_way.popleft()
            while under_way:
                yield from self._outcomes(*under_way[0], shape)
                under_way.popleft()
        except _Interrupted:
            return
        finally:
            for _, future in under_way:
                future.cancel()  # type: ignore[no-untyped-call]  # pebble

    def start(self) -> None:
        """Start the workers without waiting, so that the first picture need not wait for them."""
        self._schedule([])

    def interrupt(self) -> None:
        """Make `decode` end early, from now on. Safe to call from a signal handler."""
        self._interrupted = True

    def resume(self) -> None:
        """Cancel an interruption."""
        self._interrupted = False

    @property
    def is_resting(self) -> bool:
        """Return whether no workers run."""
        return self._pool is None

    def rest(self) -> None:
        """Stop the workers while there is nothing to do; the next picture starts them again."""
        if self._pool is not None:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble
            self._pool.join()
            self._pool = None

    def close(self) -> None:
        """Stop the workers at once; what they were decoding is dropped."""
        if self._pool is not None:
            _stop(self._pool)
            self._pool = None

    def _schedule(self, group: list[Path], shape: Shape | Box | None = None) -> Future:
        """Hand pictures to the pool. pebble abandons a whole pool when a worker dies between two of them."""
        try:
            return self._schedule_in_pool(group, shape)
        except RuntimeError:
            self._give_up(self._pool)
            return self._schedule_in_pool(group, shape)

    def _schedule_in_pool(self, group: list[Path], shape: Shape | Box | None) -> Future:
        with self._starting:
            if self._pool is None:
                _leave_removed_folder()
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=_RECYCLE,
                    initializer=_prepare_worker,
                    initargs=(self.limits.decode_megabytes,),
                    context=spawning.KeptLocks(),
                )
                spawning.start(self._pool)
        future: Future = self._pool.schedule(
            _decode,
            args=([os.fspath(path) for path in group], shape or self.shape, self.limits),
            timeout=self.limits.decode_seconds,
        )
        self._asked.add(future)
        return future

    def _give_up(self, pool: ProcessPool | None) -> None:
        """Replace a pool that no longer answers; whoever waits for it gets an error, and asks again.

        pebble forgets a task if a worker dies that held its lock, or that had not begun the task.
        """
        with self._starting:
            if self._pool is not pool:
                return
            self.close()
            for future in list(self._asked):
                with suppress(InvalidStateError):
                    future.set_exception(BrokenProcessPool("the pool of decoders was given up"))
            self._asked.clear()

    def _outcomes(
        self, group: list[Path], future: Future, shape: Shape | None
    ) -> Iterator[tuple[Path, Outcome]]:
        """Wait for a group. If it takes too long or kills its worker, try each picture alone."""
        if len(group) == 1:
            yield group[0], self._alone(group[0], future, shape)
            return
        try:
            yield from zip(group, self._result(future), strict=True)
        except (ProcessExpired, BrokenProcessPool, TimeoutError):
            for path in group:
                yield path, self._alone(path, self._schedule([path], shape), shape)

    def _alone(self, path: Path, future: Future, shape: Shape | Box | None = None) -> Outcome:
        """Wait for one picture. One that kills its worker gets a second one before it counts as unreadable."""
        try:
            return self._result_alone(future)
        except (ProcessExpired, BrokenProcessPool):
            try:
                return self._result_alone(self._schedule([path], shape))
            except ProcessExpired as death:
                return Unreadable(f"crashed the decoder twice (exit {death.exitcode})")
            except BrokenProcessPool:
                return Unreadable("crashed the decoder twice")

    def _result_alone(self, future: Future) -> Outcome:
        try:
            return self._result(future)[0]
        except TimeoutError:
            return TemporarilyUnreadable(
                f"takes longer than {self.limits.decode_seconds:g} s to decode (limits.decode_seconds)"
            )

    def _result(self, future: Future) -> list[Outcome]:
        self._wait(future)
        return future.result()

    def _wait(self, future: Future) -> None:
        lost_at = time.monotonic() + 2 * self.limits.decode_seconds + _GRACE_SECONDS
        finished = False
        while not finished:
            if self._interrupted:
                raise _Interrupted
            pool = self._pool
            finished = bool(wait([future], timeout=_LOOK_UP_SECONDS).done)
            if not finished and (pool is None or not pool.active or time.monotonic() > lost_at):
                self._give_up(pool)


def _stop(pool: ProcessPool) -> None:
    """Stop a pool. pebble raises KeyError when a worker ends at that moment; the next try stops the others."""
    for _ in range(_STOP_TRIES):
        try:
            pool.stop()  # type: ignore[no-untyped-call]  # pebble
            pool.join()
        except KeyError:
            continue
        return


class _Interrupted(Exception):
    """`interrupt` was called during a wait for a picture."""


def _leave_removed_folder() -> None:
    """Leave a working folder that was removed: workers cannot start in it. All paths are absolute."""
    try:
        Path.cwd()
    except OSError:
        os.chdir("/")


def _prepare_worker(decode_megabytes: int) -> None:
    """Set up a new worker: no more memory than allowed, and nothing on stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory.limit_growth(decode_megabytes * 1_000_000)
    with Path(os.devnull).open(
        "wb"
    ) as nowhere:  # codecs in C write to descriptor 2 as strangers' files please
        os.dup2(nowhere.fileno(), 2)


def _groups(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Yield paths in groups, in order: small pictures many at a time, a large one alone."""
    group: list[Path] = []
    size = 0
    for path in paths:
        group.append(path)
        with suppress(OSError):
            size += path.lstat().st_size
        if len(group) == _GROUP or size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _decode(paths: list[str], shape: Shape | Box, limits: Limits) -> list[Outcome]:
    return [_decode_one(path, shape, limits) for path in paths]


def _decode_one(path: str, shape: Shape | Box, limits: Limits) -> Outcome:
    try:
        decoded = decoding.read(path, shape, limits)
        if isinstance(shape, Shape):  # it is to be judged
            decoded.fingerprint  # noqa: B018 - computed here, where several processes share the work
        return decoded
    except (Unreadable, FileNotFoundError) as fault:
        return fault.with_traceback(None)
