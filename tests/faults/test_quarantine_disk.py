"""The quarantine's disk, or the ledger's, is away: taken out while the daemon runs, or not there when it begins."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import Daemon, digests, names, run, wait_until
from mounts import Mount, fill

pytestmark = [pytest.mark.faults, pytest.mark.root]


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file with an ext4 in it, to be mounted."""
    disk = tmp_path / "disk.ext4"
    subprocess.run(["truncate", "-s", "16M", disk], check=True)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    return disk


def moved(quarantine: Path) -> list[str]:
    folder = quarantine / "pictures"
    return names(list(folder.iterdir())) if folder.is_dir() else []


def take_out(mount_point: Path) -> None:
    """Unmount it, which shows that the daemon keeps nothing open there for longer than it works."""

    def is_out() -> bool:
        return subprocess.run(["umount", mount_point], check=False, capture_output=True).returncode == 0

    wait_until(is_out, 20, "busy")


def wait_told(daemon: Daemon, text: str) -> None:
    """Wait until the daemon's log says so (`imgwatch status` also looks for itself), and status too."""
    daemon.wait_log(text)
    wait_until(lambda: text in " ".join(daemon.status().get("troubles") or ()), 20, daemon.log.read_text())


@pytest.mark.parametrize("below", ["", "deep/quarantine"], ids=["a mount itself", "below a mount"])
def test_a_disk_taken_out_is_noticed_and_nothing_is_put_on_its_mount_point(
    tmp_path: Path, write_config: WriteConfig, mount: Mount, disk: Path, below: str
) -> None:
    mount_point = mount("stick", "-o", "loop", str(disk))
    quarantine, inbox = mount_point / below, tmp_path / "inbox"
    config = write_config(quarantine=f"{{path: {quarantine}}}")
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_until(lambda: moved(quarantine) == ["b0.png"], 60, daemon.log.read_text())
        take_out(mount_point)
        wait_told(daemon, "is gone")  # without a picture
        assert "is gone" in run("doctor", config=config, code=69).stdout
        bright(inbox / "b1.png"), dark(inbox / "d1.png")
        daemon.wait_judged(3)
        assert (inbox / "b1.png").exists()
        assert list(mount_point.iterdir()) == [], "nothing on the mount point"
        mount("stick", "-o", "loop", str(disk))
        wait_until(lambda: moved(quarantine) == ["b0.png", "b1.png"], 30, daemon.log.read_text())
        wait_until(lambda: daemon.status()["troubles"] == [], 30)
        log = daemon.log.read_text()
        assert log.count("is gone") == 1, "one line, not one a picture or a try"
        assert daemon.status()["quarantined"] == 2
    assert len(digests(inbox, quarantine / "pictures")) == 3


def test_a_disk_that_is_not_there_at_the_start_is_waited_for(
    tmp_path: Path, write_config: WriteConfig, mount: Mount, disk: Path
) -> None:
    mount_point, inbox = mount("stick", "-o", "loop", str(disk)), tmp_path / "inbox"
    quarantine = mount_point / "quarantine"
    config = write_config(quarantine=f"{{path: {quarantine}}}")
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_until(lambda: moved(quarantine) == ["b0.png"])
    take_out(mount_point)
    bright(inbox / "b1.png")
    with Daemon(config) as daemon:
        wait_told(daemon, "is gone")
        daemon.wait_judged(2)
        assert list(mount_point.iterdir()) == []
        mount("stick", "-o", "loop", str(disk))
        wait_until(lambda: moved(quarantine) == ["b0.png", "b1.png"], 30, daemon.log.read_text())
        assert daemon.status()["quarantined"] == 2


def test_a_quarantine_that_is_gone_for_good_begins_anew_after_resume(
    tmp_path: Path, write_config: WriteConfig, mount: Mount, disk: Path
) -> None:
    mount_point, inbox = mount("stick", "-o", "loop", str(disk)), tmp_path / "inbox"
    config = write_config(quarantine=f"{{path: {mount_point / 'quarantine'}}}")
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_until(lambda: moved(mount_point / "quarantine") == ["b0.png"])
        take_out(mount_point)
        bright(inbox / "b1.png")
        wait_told(daemon, "is gone")
        assert "A new quarantine begins" in run("resume", config=config).stdout
        wait_until(lambda: moved(mount_point / "quarantine") == ["b1.png"], 30, daemon.log.read_text())


def test_a_quarantine_that_the_user_removed_begins_anew(tmp_path: Path, write_config: WriteConfig) -> None:
    quarantine, inbox = tmp_path / "quarantine", tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        bright(inbox / "b0.png")
        wait_until(lambda: moved(quarantine) == ["b0.png"])
        shutil.rmtree(quarantine)
        bright(inbox / "b1.png")
        wait_until(lambda: moved(quarantine) == ["b1.png"], 60, daemon.log.read_text())
        wait_until(lambda: daemon.status()["quarantined"] == 2, 20)
        assert "is gone" not in daemon.log.read_text()


def test_a_quarantine_that_is_read_only_at_the_start_keeps_nobody_from_watching(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    mount_point, inbox = (
        mount("quarantine", "-t", "tmpfs", "-o", "size=4M,mode=700,ro", "tmpfs"),
        tmp_path / "inbox",
    )
    with Daemon(write_config()) as daemon:
        wait_told(daemon, "read-only")  # before any picture comes
        bright(inbox / "b1.png")
        daemon.wait_judged(1)
        assert (inbox / "b1.png").exists()
        subprocess.run(["mount", "-o", "remount,rw", mount_point], check=True)
        wait_until(lambda: moved(mount_point) == ["b1.png"], 30, daemon.log.read_text())
        wait_until(lambda: daemon.status()["troubles"] == [], 30)
        daemon.told_once("read-only")


def wait_not_begun(daemon: Daemon, text: str) -> None:
    wait_until(lambda: daemon.status().get("pid") == daemon.process.pid, 30, daemon.log.read_text())
    wait_told(daemon, text)
    assert not daemon.status()["alive"], "nobody may take it for watching"


def goes_on(daemon: Daemon, inbox: Path, quarantine: Path) -> None:
    """What came meanwhile is judged, and the fault was told once."""
    wait_until(lambda: daemon.status()["alive"], 30, daemon.log.read_text())
    bright(inbox / "b1.png")
    wait_until(lambda: "b1.png" in moved(quarantine), 30, daemon.log.read_text())
    daemon.told_once("cannot start yet")
    assert daemon.process.poll() is None


def test_a_full_disk_under_the_ledger_at_the_start_is_waited_out(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    state = mount("state", "-t", "tmpfs", "-o", "size=1M", "tmpfs")
    config = write_config()
    with Daemon(config) as daemon:
        dark(tmp_path / "inbox" / "d1.png")
        daemon.wait_judged(1)
    ballast = fill(state)
    daemon = Daemon(config)
    try:
        wait_not_begun(daemon, "full")
        assert "cannot start" in run("doctor", config=config, code=69).stdout
        ballast.unlink()
        goes_on(daemon, tmp_path / "inbox", tmp_path / "quarantine")
    finally:
        daemon.stop()


def test_a_read_only_state_folder_at_the_start_is_waited_out_and_stop_is_heard(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    state = mount("state", "-t", "tmpfs", "-o", "size=4M,ro", "tmpfs")
    daemon = Daemon(write_config(state=str(state)))
    try:
        daemon.wait_log("Read-only")
        assert daemon.stop() == 0
        daemon.start()
        subprocess.run(["mount", "-o", "remount,rw", state], check=True)
        wait_until(lambda: daemon.status().get("alive"), 30, daemon.log.read_text())
    finally:
        daemon.stop()


def test_a_damaged_ledger_that_cannot_be_set_aside_is_waited_out(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    """`chattr +a` lets files be made in the folder, and none renamed or removed."""
    config, state = write_config(), tmp_path / "state"
    (state / "ledger.sqlite").write_bytes(os.urandom(40_000))
    subprocess.run(["chattr", "+a", state], check=True)
    daemon = Daemon(config)
    try:
        daemon.wait_log("cannot start yet")
        assert daemon.process.poll() is None
        subprocess.run(["chattr", "-a", state], check=True)
        goes_on(daemon, tmp_path / "inbox", tmp_path / "quarantine")
        assert (state / "ledger.sqlite.damaged-1").exists()
    finally:
        daemon.stop()
        subprocess.run(["chattr", "-a", state], check=True)


def test_a_quarantine_behind_a_fuse_daemon_that_died_is_waited_for(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    """Every look at it fails with "Transport endpoint is not connected", as at a share whose server is gone."""
    behind, quarantine, inbox = tmp_path / "behind", tmp_path / "quarantine", tmp_path / "inbox"
    behind.mkdir(mode=0o700), quarantine.mkdir(mode=0o700)
    config = write_config()
    fuse = subprocess.Popen(["bindfs", "-f", behind, quarantine])
    try:
        wait_until(lambda: os.path.ismount(quarantine), 10)
        with Daemon(config) as daemon:
            bright(inbox / "b0.png")
            daemon.wait_judged(1)
            time.sleep(1)
            fuse.kill()
            fuse.wait()
            bright(inbox / "b1.png")
            wait_told(daemon, "not connected")
            assert (inbox / "b1.png").exists()
            subprocess.run(["umount", "-l", quarantine], check=True)
            fuse = subprocess.Popen(["bindfs", "-f", behind, quarantine])
            wait_until(lambda: moved(behind) == ["b0.png", "b1.png"], 60, daemon.log.read_text())
            wait_until(lambda: daemon.status()["troubles"] == [], 60)
            daemon.told_once("not connected")
    finally:
        subprocess.run(["umount", "-l", quarantine], check=False)
        fuse.kill()
        fuse.wait()
