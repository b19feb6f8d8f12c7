"""A training in the background: a process with a log, independent of open pages, until it ends or is cancelled.

It ends with the program that serves the pages; started again, it continues from its last checkpoint.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from imgwatch import child
from imgwatch.errors import CannotCreate, Unavailable, shown

_SHOWN_BYTES = 20_000  # of the log: its end


class Training:
    """At most one training at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    @property
    def state(self) -> str:
        """One of "none", "running", "done", "failed" and "cancelled"."""
        process = self._process
        if process is None:
            return "none"
        code = process.poll()
        if code is None:
            return "running"
        return "cancelled" if self._is_cancelled else "failed" if code else "done"

    def start(self, command: Sequence[str], log_file: Path) -> None:
        """Start a training, with a new log. Raises Unavailable if one runs already, CannotCreate."""
        with self._lock:
            if self.state == "running":
                raise Unavailable("a training runs already")
            try:
                log_file.parent.mkdir(parents=True, exist_ok=True)
                with open(log_file, "wb", opener=_private) as log:
                    self._process = subprocess.Popen(
                        child.contained(command),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
            except OSError as fault:
                raise CannotCreate(f"{log_file}: cannot be written: {fault.strerror}") from fault
            self._is_cancelled = False

    def cancel(self) -> None:
        """End the training, if it runs, with everything that it started."""
        with self._lock:
            if self._process is not None and self.state == "running":
                self._is_cancelled = True
                child.end(self._process)


def end_of(log_file: Path) -> str:
    """Return the end of a log, in complete lines; "" without a log."""
    try:
        with log_file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _SHOWN_BYTES))
            is_cut, content = stream.tell() > 0, stream.read()
    except OSError:
        return ""
    lines = content.decode(errors="replace").splitlines()
    return "\n".join(map(shown, lines[1:] if is_cut else lines))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
