"""Under a real systemd: a disk that is full or away at the start, or taken out, makes no loop of crashes."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from daemon import wait_until
from machine import Machine
from mounts import fill

pytestmark = [pytest.mark.systemd, pytest.mark.root]

STATE = Path("/var/lib/imgwatch")


def mount_for_the_service(mount_point: Path, *options: str) -> None:
    mount_point.mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(("mode=700", *options)), "none", mount_point], check=True
    )
    shutil.chown(mount_point, "imgwatch", "imgwatch")


def drop(machine: Machine, name: str) -> None:
    """Put junk there that belongs to the service's user: to another file system only that can be copied."""
    machine.drop(name)
    shutil.chown(machine.inbox / name, "imgwatch", "imgwatch")


@pytest.mark.waits
def test_a_full_disk_under_the_ledger_is_waited_out_without_a_restart(machine: Machine) -> None:
    mount_for_the_service(STATE, "size=1M")
    ballast = fill(STATE)
    machine.drop_in("RestartSec=1\nTimeoutStartSec=8")
    machine.systemctl("start", "--no-block", "imgwatch")
    wait_until(lambda: "waiting: " in machine.show("StatusText"), 60, machine.journal())
    time.sleep(25)  # longer than the start may take, were it not extended, and than two tries
    assert machine.show("ActiveState") == "activating"
    assert machine.show("NRestarts") == "0"
    assert machine.journal().count("cannot start yet") == 1
    status = json.loads(machine.imgwatch("status", "--json", "--config", machine.config, code=3))
    assert "full" in " ".join(status["troubles"])
    ballast.unlink()
    wait_until(lambda: machine.show("ActiveState") == "active", 30, machine.journal())
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")


def test_a_quarantine_whose_disk_is_taken_out_is_waited_for(machine: Machine) -> None:
    subprocess.run(["mount", "--make-rshared", "/"], check=True)  # as systemd does, but for containers
    mount_for_the_service(machine.quarantine)
    machine.systemctl("start", "imgwatch")
    drop(machine, "b1.png")
    machine.wait_quarantined("b1.png")
    disk = machine.home / "disk"
    disk.mkdir()
    subprocess.run(["mount", "--bind", machine.quarantine, disk], check=True)  # keeps the tmpfs
    wait_until(lambda: subprocess.run(["umount", machine.quarantine], check=False).returncode == 0, 20)
    wait_until(lambda: "is gone" in machine.show("StatusText"), 30, machine.journal())
    drop(machine, "b2.png")
    machine.systemctl("restart", "imgwatch")
    wait_until(lambda: "is gone" in machine.show("StatusText"), 30, machine.journal())
    assert (machine.inbox / "b2.png").exists()
    assert list(machine.quarantine.iterdir()) == []
    subprocess.run(["mount", "--bind", disk, machine.quarantine], check=True)
    machine.wait_quarantined("b1.png", "b2.png")
    assert machine.show("NRestarts") == "0"
