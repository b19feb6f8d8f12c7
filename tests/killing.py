"""Decoders that are killed in the middle of a picture, again and again, seen by the memory that its pixels fill."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def decoders_killed(parent_pid: int, above_bytes: float) -> Iterator[list[int]]:
    """Kill each child of a process as soon as it holds more memory than that; give the pids of those killed."""
    killed: list[int] = []
    stop = threading.Event()

    def kill_until_stopped() -> None:
        while not stop.wait(0.002):
            for pid in _children(parent_pid):
                if pid not in killed and _resident_bytes(pid) > above_bytes:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=kill_until_stopped)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def _children(pid: int) -> list[int]:
    pids: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("[0-9]*"):
        try:
            pids.update(map(int, (task / "children").read_text().split()))
        except OSError:
            continue  # that thread has ended
    return sorted(pids)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
