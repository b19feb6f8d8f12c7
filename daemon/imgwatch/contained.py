"""Run a command so that nothing it started outlives it: `python contained.py PARENT COMMAND ...` exits as it does.

It adopts whatever its descendants leave behind, also what began a session of its own, and kills it when the command
ends, when it is sent SIGTERM, or when its parent (a process id) ends. It imports no imgwatch: it starts often.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # see prctl(2)
_CANNOT_RUN = 127


class _Ended(BaseException):
    """A signal asks it to end."""


def main(parent: int, command: Sequence[str]) -> int:
    """Return the command's exit code; 128 and the signal's number where a signal ended it."""
    code = 128 + signal.SIGTERM
    try:
        signal.signal(signal.SIGTERM, _end)
        _bind_to(parent)
        code = _exit_code(os.waitpid(_start(command), 0)[1])
    except _Ended:
        pass
    except OSError as fault:
        sys.stderr.write(f"{command[0]}: {fault.strerror}\n")
        code = _CANNOT_RUN
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kill_children()
    return code


def _bind_to(parent: int) -> None:
    """Have the kernel signal when the parent ends, and make this process adopt what its descendants leave behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was asked
        raise _Ended


def _start(command: Sequence[str]) -> int:
    return os.posix_spawnp(command[0], list(command), os.environ, setsigdef=[signal.SIGTERM, signal.SIGPIPE])


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def kill_children() -> None:
    """Kill all children until there are none: orphans of a killed one become children of this process.

    Those of other users, which a command with rights of its own may have started, cannot be killed.
    """
    while killed := [child for child in _children() if _kill(child)]:
        for child in killed:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _kill(child: int) -> bool:
    try:
        os.kill(child, signal.SIGKILL)
    except OSError:
        return False
    return True


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                status = Path("/proc", name, "stat").read_text(encoding="ascii", errors="replace")
                if status.rpartition(")")[2].split()[1] == own:
                    yield int(name)


def _end(*_: object) -> None:
    raise _Ended


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
