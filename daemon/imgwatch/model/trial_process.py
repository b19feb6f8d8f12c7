"""The child process of a trial: it limits itself, then runs the model. Only `trial` starts it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

from imgwatch import memory
from imgwatch.errors import ModelError
from imgwatch.model.scorer import Scorer, words_of
from imgwatch.model.trial import LONGEST_MESSAGE, REFUSED

_PR_SET_PDEATHSIG = 1


def _limit(seconds: float, allowed_bytes: int) -> None:
    """Have the kernel end this process at a limit on time or memory, and when its parent ends."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # whoever is told to stop ends this one, too
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    memory.limit_growth(allowed_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError):  # where memory is short, the kernel takes this process first
        Path("/proc/self/oom_score_adj").write_text("1000")
    with Path(os.devnull).open("wb") as nowhere:  # onnxruntime writes to descriptor 2 as it pleases
        os.dup2(nowhere.fileno(), 2)


def main(descriptor: str, run_seconds: str, seconds: str, allowed_bytes: str) -> int:
    """Try the model of this descriptor; return the exit code, and write to stdout why it is refused."""
    name = f"/proc/self/fd/{descriptor}"
    _limit(float(seconds), int(allowed_bytes))
    try:
        Scorer(Path(name), seconds=float(run_seconds), tried=None)
    except Exception as fault:  # noqa: BLE001 - a hostile graph or contract raises any of them
        message = str(fault) if isinstance(fault, ModelError) else f"{name}: not usable: {words_of(fault)}"
        if isinstance(fault, MemoryError) or "bad_alloc" in message:
            message = (
                f"{name}: the model takes more than {int(allowed_bytes) / 1e6:.0f} MB of memory to be loaded and "
                "tested; train or calibrate again"
            )
        os.write(1, message.encode(errors="replace")[:LONGEST_MESSAGE])
        return REFUSED
    return 0


if __name__ == "__main__":
    os._exit(main(*sys.argv[1:]))  # not held up by what a graph left running
