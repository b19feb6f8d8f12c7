"""Decoders that are killed in the middle of a picture, again and again, seen by the memory that its pixels fill."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fork_server import WORKER


@contextmanager
def decoders_killed(parent_pid: int, above_bytes: float) -> Iterator[list[int]]:
    """Kill each child of a process as soon as it holds more memory than that; give the pids of those killed."""
    killed: list[int] = []
    stop = threading.Event()

    def kill_until_stopped() -> None:
        while not stop.wait(0.002):
            for pid in decoders_of(parent_pid):
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


def decoders_of(pid: int) -> list[int]:
    """Return the decoding workers of a process, forked or spawned."""
    return [child for child in children_of(pid) if _is_decoder(child)]


def _is_decoder(pid: int) -> bool:
    try:
        names = [Path(f"/proc/{pid}", name).read_bytes() for name in ("comm", "cmdline")]
    except OSError:
        return False
    return any(WORKER.encode() in name for name in names)


def children_of(pid: int) -> list[int]:
    """Return the children of a process, by whichever of its threads they were started."""
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
