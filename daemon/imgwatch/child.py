"""A child process that leaves nothing behind: how it is started, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 1.0
_NOT_ITS_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")


def contained(command: Sequence[str]) -> list[str]:
    """Return the command that runs another one so that nothing of it outlives that command or this process."""
    program = str(Path(__file__).with_name("contained.py"))
    return [sys.executable, "-I", "-S", program, str(os.getpid()), *command]


def environment() -> dict[str, str]:
    """Return the daemon's environment without the variables of systemd's protocols."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_ITS_OWN}


def end(running: subprocess.Popen[bytes]) -> None:
    """End a contained command that still runs, with everything that it started."""
    if running.poll() is not None:  # its number may be another process's by now
        return
    running.terminate()
    try:
        running.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
