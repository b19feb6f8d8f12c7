"""What the tests' own daemon leaves when it is killed: nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from conftest import WriteConfig, dark
from daemon import Daemon, wait_until
from memory import remove_leftovers

pytestmark = pytest.mark.e2e


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def semaphores() -> list[Path]:
    return list(Path("/dev/shm").glob(f"sem.imgwatch-tests-{os.getpid()}-*"))


def test_a_daemon_that_is_killed_with_all_its_helpers_leaves_no_semaphore(write_config: WriteConfig) -> None:
    config = write_config()
    with Daemon(config) as daemon:
        dark(config.parent / "inbox" / "a.png")
        daemon.wait_judged(1)
        assert semaphores()
        helpers = children(daemon.process.pid)
        for pid in helpers:  # also the one that would tidy up
            os.kill(pid, signal.SIGKILL)
        daemon.kill()
        wait_until(lambda: not any(Path("/proc", str(pid)).exists() for pid in helpers))
    remove_leftovers()
    assert semaphores() == []
