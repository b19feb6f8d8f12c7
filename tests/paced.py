"""`imgwatch` with shorter pauses, for tests that wait for what a daemon does after a pause, not for the pause itself.

It ends with the test session, and its semaphores bear the session's name, so that they can be removed however it ends.
What it does is the same. How long its pauses are for users is in `imgwatch.timers`, `imgwatch.retry` and
`imgwatch.ledger.file`; tests of the installed service have those.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run a command. The decoding workers, which begin with this file again, import none of it."""
    from imgwatch import retry, service
    from imgwatch.cli import main
    from imgwatch.ledger import file
    from imgwatch.timers import Pauses

    service.PAUSES = Pauses(housekeeping=0.5, resting=0.5, retry=2.0)
    retry.RETRY_SECONDS = 2.0
    file._BUSY_SECONDS = 2
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    multiprocessing.current_process()._config["semprefix"] = f"/imgwatch-tests-{os.getppid()}"  # type: ignore[attr-defined]
    main()


if __name__ == "__main__":
    main()
