"""Decode pictures in guarded worker processes: limits on seconds and memory, a crash costs only one picture.

It knows how to decode many paths in order with a bounded number under way; what a picture is, `picture` knows.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as DecodeTimeout
from pathlib import Path
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from imgwatch import picture
from imgwatch.picture import Decoded, Limits, Shape, Unreadable

Outcome = Decoded | Unreadable | FileNotFoundError
_AHEAD = (
    4  # pictures under way per worker: enough that none waits for work, few enough to stay flat in memory
)
_RECYCLE = 5000  # pictures after which a worker is replaced, so that a leak in a codec cannot grow


class Decoder:
    """A pool of decoding workers, started at the first picture and stopped by `rest` or `close`."""

    def __init__(self, shape: Shape, limits: Limits, workers: int = 1) -> None:
        self.shape = shape
        self.limits = limits
        self._workers = max(1, workers)
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decode(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Outcome]]:
        """Yield each path with what became of it, in order. A fault of one picture is a value, never an exception."""
        under_way: deque[tuple[Path, ProcessFuture[Outcome]]] = deque()
        try:
            for path in paths:
                under_way.append((path, self._schedule(path)))
                if len(under_way) >= _AHEAD * self._workers:
                    yield self._finished(*under_way.popleft())
            while under_way:
                yield self._finished(*under_way.popleft())
        finally:
            for _, future in under_way:
                future.cancel()

    def rest(self) -> None:
        """Stop the workers while there is nothing to do; the next picture starts them again."""
        if self._pool is not None:
            self._pool.close()
            self._pool.join()
            self._pool = None

    def close(self) -> None:
        """Stop the workers at once; what they were decoding is dropped."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None

    def _schedule(self, path: Path) -> ProcessFuture[Outcome]:
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._workers,
                max_tasks=_RECYCLE,
                initializer=_prepare_worker,
                initargs=(self.limits.decode_megabytes,),
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool.schedule(
            _decode, args=(os.fspath(path), self.shape, self.limits), timeout=self.limits.decode_seconds
        )

    def _finished(self, path: Path, future: ProcessFuture[Outcome]) -> tuple[Path, Outcome]:
        try:
            return path, future.result()
        except DecodeTimeout:
            return path, Unreadable(
                f"takes longer than {self.limits.decode_seconds:g} s to decode (limits.decode_seconds)"
            )
        except ProcessExpired as death:
            return path, Unreadable(f"crashed the decoder (exit {death.exitcode})")


def _prepare_worker(decode_megabytes: int) -> None:
    """Runs once in each new worker: no more memory than allowed, and not a word on stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = _address_space() + decode_megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    picture.allow_any_size()
    with open(os.devnull, "wb") as nowhere:  # codecs in C write to descriptor 2 as strangers' files please
        os.dup2(nowhere.fileno(), 2)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _decode(path: str, shape: Shape, limits: Limits) -> Outcome:
    try:
        return picture.read(path, shape, limits)
    except (Unreadable, FileNotFoundError) as fault:
        return fault.with_traceback(None)
