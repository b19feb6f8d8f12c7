"""A stopped process keeps the quarantine's lock: the daemon lives, says so, and ends when it is told to."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import Daemon, wait_until

pytestmark = pytest.mark.faults


def test_a_kept_lock_does_not_make_the_daemon_deaf(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config()
    with Daemon(config, tmp_path / "log") as daemon:
        daemon.wait_alive()
        bright(tmp_path / "inbox/first.png")
        daemon.wait_judged(1)
        (lock,) = tmp_path.rglob(".lock")
        with lock.open("rb+") as kept:
            fcntl.flock(kept, fcntl.LOCK_EX)
            for number in range(8):
                bright(tmp_path / f"inbox/{number}.png")
            wait_until(lambda: "waits for another process" in str(daemon.status().get("troubles")))
            assert daemon.stop() == 0
            assert len(list((tmp_path / "inbox").iterdir())) == 8
        daemon.start()
        daemon.wait_judged(9)
        wait_until(lambda: not list((tmp_path / "inbox").iterdir()))
