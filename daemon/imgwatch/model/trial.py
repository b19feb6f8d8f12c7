"""A trial loads and tests a model in a child process, so that only the child's time and memory are at stake.

It does not judge the scores, and does not remember which models passed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from imgwatch.child import contained, end, environment
from imgwatch.errors import ModelError, Unavailable
from imgwatch.model.model_file import ModelFile

REFUSED = 3  # the exit code of a child that says why on stdout
LONGEST_MESSAGE = 4000  # bytes: a pipe holds them, so that the child ends before they are read
_GRACE_SECONDS = 10.0  # beyond twice the limit of a run: to load the model, and to test it
_MOST_BYTES = 4 << 30
_TIMES_ITS_SIZE = 8  # weights are read, converted and packed
_AGAIN = "train or calibrate again"


class Trial:
    """A child that loads an open model file and runs its self-test, started by the constructor and ended by `close`.

    It ends with this process, together with everything that a malicious graph may have started.
    `seconds` limits one run of the model. Raises Unavailable if no process can be started.
    """

    def __init__(self, model: ModelFile, seconds: float) -> None:
        self.path, self.digest = model.path, model.digest
        self._name = f"/proc/self/fd/{model.descriptor}"  # what the child calls it
        self._seconds = 2 * seconds + _GRACE_SECONDS
        self._bytes = _allowed_bytes(os.fstat(model.descriptor).st_size)
        numbers = (model.descriptor, seconds, self._seconds, self._bytes)
        command = [sys.executable, "-P", "-m", "imgwatch.model.trial_process", *map(str, numbers)]
        try:
            self._child = subprocess.Popen(
                contained(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=(model.descriptor,),
                env=environment() | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                cwd="/",
                start_new_session=True,
            )
        except OSError as fault:
            raise Unavailable(
                f"{model.path}: not tried, as no process can be started for it: {fault.strerror}"
            ) from fault

    def is_over(self, wait_seconds: float = 0.0) -> bool:
        """Return whether the child has ended, or ends within `wait_seconds`."""
        try:
            self._child.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def require_passed(self) -> None:
        """Raise ModelError if the model did not pass the trial, which must be over."""
        assert self._child.stdout is not None
        code = self._child.returncode
        if code == REFUSED:
            message = self._child.stdout.read(LONGEST_MESSAGE).decode(errors="replace")
            raise ModelError(message.replace(self._name, str(self.path)))
        if code:
            raise ModelError(f"{self.path}: {self._end(code)}; {_AGAIN}")

    def close(self) -> None:
        """End the child, if it still runs, with everything that it started."""
        end(self._child)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _end(self, code: int) -> str:
        by = -code if code < 0 else code - 128  # the signal that ended the child, or what it contained
        if by == signal.SIGALRM:
            return f"the model takes more than {self._seconds:g} s to be loaded and tested (limits.decode_seconds)"
        if by == signal.SIGKILL:
            return "the system killed what loaded the model, for the memory that it took"
        if by in list(signal.Signals):
            return f"the model crashes what loads it ({signal.Signals(by).name})"
        return f"the model could not be tried (exit {code})"


def _allowed_bytes(size: int) -> int:
    """Return how many bytes of memory a model file of this size may take: more on a larger machine."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(_MOST_BYTES, physical // 2) + _TIMES_ITS_SIZE * size
