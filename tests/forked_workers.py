"""Decoding workers that are forked from a process which has imported what they need.

Each of the two workers that a daemon, a rescan or the gallery starts takes a sixth of a second of a processor for its
imports, which is most of what a test costs that judges one picture. What runs is the same: multiprocessing's
`spawn_main` in a child process with no more descriptors than the pool passes to it, which unpickles the worker.
Tests of the decoder itself start real ones (`spawned_workers` in conftest.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from multiprocessing import popen_spawn_posix, util
from typing import Any

Fork = Callable[[list[str], dict[int, int]], int | None]
_WORKERS = "pebble_pool_worker"
_TRACKER = "from multiprocessing.resource_tracker import main"  # of the semaphores that workers share
SPAWN = util.spawnv_passfds
_launch = popen_spawn_posix.Popen._launch
_now = threading.local()


def fork_by(fork: Fork) -> None:
    """Fork workers from now on; where `fork` returns None, they are spawned."""

    def start(path: Any, command: Iterable[Any], descriptors: Iterable[int]) -> int:
        pid = None
        texts = [part.decode() if isinstance(part, bytes) else str(part) for part in command]
        if getattr(_now, "is_worker", False) or any(_TRACKER in text for text in texts):
            pid = fork(texts, {number: number for number in sorted({0, 1, 2, *map(int, descriptors)})})
        return SPAWN(path, command, descriptors) if pid is None else pid

    def launch(popen: Any, process: Any) -> None:
        _now.is_worker = process.name == _WORKERS
        try:
            _launch(popen, process)
        finally:
            _now.is_worker = False

    util.spawnv_passfds = start
    popen_spawn_posix.Popen._launch = launch  # type: ignore[method-assign]
