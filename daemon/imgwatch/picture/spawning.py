"""Start worker processes that never write a traceback, at whatever moment they or the program are stopped.

A worker needs a tenth of a second or more until it can handle signals. It knows nothing of pictures.
"""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.synchronize import RLock

from pebble import ProcessPool


class KeptLocks(SpawnContext):
    """A context that keeps its locks: a worker that still starts looks for them by name, and they end with this.

    pebble drops its own references before it stops the workers.
    """

    def __init__(self) -> None:
        super().__init__()
        self._locks: list[RLock] = []

    def RLock(self) -> RLock:
        """Return a new lock."""
        lock = super().RLock()
        self._locks.append(lock)
        return lock


def start(pool: ProcessPool) -> None:
    """Start a pool's workers in a thread of its own: Ctrl+C, which goes to every process of a terminal, misses them.

    Workers, pebble's threads and the replacements that these start later inherit that thread's mask. In this thread, an
    interrupt could come between the start of a worker and what it waits for.
    """
    with ThreadPoolExecutor(1) as apart:
        apart.submit(_start_uninterrupted, pool).result()


def _start_uninterrupted(pool: ProcessPool) -> bool:
    resource_tracker.ensure_running()  # to start it would end the mask
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    return bool(pool.active)  # to ask starts it
