"""Decode pictures in guarded worker processes: limits on seconds and memory, a crash costs only one picture.

It knows how to decode many paths in order with a bounded number under way; what a picture is, `picture` knows.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from imgwatch import picture
from imgwatch.picture import Box, Decoded, Limits, Shape, Unreadable

Outcome = Decoded | Unreadable | FileNotFoundError
_AHEAD = (
    4  # pictures under way per worker: enough that none waits for work, few enough to stay flat in memory
)
_LOOK_UP_SECONDS = 0.25  # how often a wait for a slow picture looks whether it is interrupted
_RECYCLE = 5000  # pictures after which a worker is replaced, so that a leak in a codec cannot grow


class Decoder:
    """A pool of decoding workers, started at the first picture and stopped by `rest` or `close`."""

    def __init__(self, shape: Shape, limits: Limits, workers: int = 1) -> None:
        self.shape = shape
        self.limits = limits
        self._workers = max(1, workers)
        self._pool: ProcessPool | None = None
        self._interrupted = False
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def look_at(self, path: Path, box: Shape | Box) -> Outcome:
        """Decode one picture for a person to see. Safe to call from several threads."""
        try:
            return self._finished(path, self._schedule(path, box), box)
        except _Interrupted:
            return Unreadable("not decoded: the program is stopping")

    def decode(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Outcome]]:
        """Yield each path with what became of it, in order. A fault of one picture is a value, never an exception."""
        under_way: deque[tuple[Path, ProcessFuture[Outcome]]] = deque()
        try:
            for path in paths:
                under_way.append((path, self._schedule(path)))
                if len(under_way) >= _AHEAD * self._workers:
                    yield under_way[0][0], self._finished(*under_way[0])
                    under_way.popleft()
            while under_way:
                yield under_way[0][0], self._finished(*under_way[0])
                under_way.popleft()
        except _Interrupted:
            return
        finally:
            for _, future in under_way:
                future.cancel()  # type: ignore[no-untyped-call]  # pebble

    def interrupt(self) -> None:
        """Make `decode` end early, from now on. Safe to call from a signal handler."""
        self._interrupted = True

    def resume(self) -> None:
        """Take an interruption back."""
        self._interrupted = False

    def rest(self) -> None:
        """Stop the workers while there is nothing to do; the next picture starts them again."""
        if self._pool is not None:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble
            self._pool.join()
            self._pool = None

    def close(self) -> None:
        """Stop the workers at once; what they were decoding is dropped."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble
            self._pool.join()
            self._pool = None

    def _schedule(self, path: Path, shape: Shape | Box | None = None) -> ProcessFuture[Outcome]:
        """Give a picture to the pool. pebble gives a whole pool up when a worker dies between two pictures."""
        try:
            return self._schedule_in_pool(path, shape)
        except RuntimeError:
            self.close()
            return self._schedule_in_pool(path, shape)

    def _schedule_in_pool(self, path: Path, shape: Shape | Box | None) -> ProcessFuture[Outcome]:
        with self._starting:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=_RECYCLE,
                    initializer=_prepare_worker,
                    initargs=(self.limits.decode_megabytes,),
                    context=multiprocessing.get_context("spawn"),
                )
        return self._pool.schedule(
            _decode,
            args=(os.fspath(path), shape or self.shape, self.limits),
            timeout=self.limits.decode_seconds,
        )

    def _finished(
        self, path: Path, future: ProcessFuture[Outcome], shape: Shape | Box | None = None
    ) -> Outcome:
        """Wait for one picture. One that kills its worker gets a second, fresh one before it is given up."""
        try:
            return self._result(future)
        except (ProcessExpired, BrokenProcessPool):
            try:
                return self._result(self._schedule(path, shape))
            except ProcessExpired as death:
                return Unreadable(f"crashed the decoder twice (exit {death.exitcode})")
            except BrokenProcessPool:
                return Unreadable("crashed the decoder twice")

    def _result(self, future: ProcessFuture[Outcome]) -> Outcome:
        self._wait(future)
        try:
            return future.result()
        except TimeoutError:
            return Unreadable(
                f"takes longer than {self.limits.decode_seconds:g} s to decode (limits.decode_seconds)"
            )

    def _wait(self, future: ProcessFuture[Outcome]) -> None:
        finished = False
        while not finished:
            if self._interrupted:
                raise _Interrupted
            finished = bool(wait([future], timeout=_LOOK_UP_SECONDS).done)


class _Interrupted(Exception):
    """`interrupt` was called while a picture was waited for."""


def _prepare_worker(decode_megabytes: int) -> None:
    """Runs once in each new worker: no more memory than allowed, and not a word on stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _address_space() + decode_megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with Path(os.devnull).open(
        "wb"
    ) as nowhere:  # codecs in C write to descriptor 2 as strangers' files please
        os.dup2(nowhere.fileno(), 2)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _decode(path: str, shape: Shape | Box, limits: Limits) -> Outcome:
    try:
        return picture.read(path, shape, limits)
    except (Unreadable, FileNotFoundError) as fault:
        return fault.with_traceback(None)
