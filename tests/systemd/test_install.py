"""`imgwatch service install / uninstall` under a real systemd, for a home: what it opens, how pictures move."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import bright, noise, picture_bytes
from daemon import wait_until
from machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.root]

HOME = Path("/home/alice")
INBOX = HOME / "Pictures" / "Inbox"
UNIT = Path("/etc/systemd/system/imgwatch.service")
DROP_IN = Path("/etc/systemd/system/imgwatch.service.d/10-config.conf")


@pytest.fixture
def config(machine: Machine | None) -> Path:
    """A config for alice's inbox, whose quarantine lies where `place` says."""
    if machine is None:
        return Path()
    UNIT.unlink()
    subprocess.run(["useradd", "--create-home", "alice"], check=True)
    INBOX.mkdir(parents=True)
    shutil.copy(machine.home / "model.onnx", HOME)
    subprocess.run(["chown", "-R", "alice:", HOME], check=True)
    machine.inbox = INBOX
    machine.home = HOME
    return Path(machine.config)


def dropped(name: str) -> int:
    """Put junk into alice's inbox; return its inode."""
    path = bright(INBOX / name)
    shutil.chown(path, "alice", "alice")
    return path.stat().st_ino


def test_beside_the_inbox_a_move_is_a_rename_and_uninstall_removes_just_the_unit(
    machine: Machine, config: Path
) -> None:
    quarantine = HOME / "Pictures" / ".imgwatch-quarantine"
    machine.write_config(quarantine=f"{{path: {quarantine}}}")
    said = machine.imgwatch("service", "install", "--config", config)
    assert f"{INBOX}: a picture gets into quarantine by a rename" in said
    assert machine.show("ActiveState") == "active"
    assert machine.show("User") == "alice"
    assert machine.show("DropInPaths") == str(DROP_IN)
    assert machine.show("ReadWritePaths") == f"-{HOME / 'Pictures'}"
    inode = dropped("b1.png")
    moved = quarantine / "pictures" / "b1.png"
    wait_until(moved.exists, 60, machine.journal())
    assert moved.stat().st_ino == inode
    assert moved.owner() == "alice"
    security = subprocess.run(
        ["systemd-analyze", "security", "imgwatch"], capture_output=True, text=True, check=False
    )
    score = re.search(r"exposure level for .*: ([\d.]+)", security.stdout)
    assert score
    assert float(score[1]) <= 1.0
    assert "0 faults" in machine.imgwatch("doctor", "--config", config)
    machine.imgwatch("service", "uninstall")
    assert not UNIT.exists()
    assert not DROP_IN.parent.exists()
    assert moved.exists()
    assert machine.show("ActiveState") == "inactive"


def test_a_unit_of_an_earlier_version_becomes_the_shipped_one_with_a_drop_in(
    machine: Machine, config: Path
) -> None:
    machine.write_config(quarantine=f"{{path: {HOME / 'Pictures' / '.imgwatch-quarantine'}}}")
    UNIT.write_text(
        f"# Written by `imgwatch service install` for {config}\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nUser=nobody\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("enable", "--now", "imgwatch")
    machine.imgwatch("service", "install", "--config", config)
    assert (machine.show("Type"), machine.show("User")) == ("notify", "alice")
    assert machine.show("DropInPaths") == str(DROP_IN)
    dropped("b1.png")
    moved = HOME / "Pictures" / ".imgwatch-quarantine" / "pictures" / "b1.png"
    wait_until(moved.exists, 60, machine.journal())


def test_far_from_the_inbox_it_is_a_copy_and_says_why(machine: Machine, config: Path) -> None:
    quarantine = HOME / ".local" / "share" / "imgwatch" / "quarantine"
    machine.write_config(quarantine=f"{{path: {quarantine}}}")
    said = machine.imgwatch("service", "install", "--config", config)
    assert "verified copy" in said
    assert f"{{path: {HOME / 'Pictures' / '.imgwatch-quarantine'}}}" in said
    inode = dropped("b1.png")
    moved = quarantine / "pictures" / "b1.png"
    wait_until(moved.exists, 60, machine.journal())
    assert moved.stat().st_ino != inode, "rename across two ReadWritePaths: then install may promise more"
    assert moved.owner() == "alice"
    assert not (INBOX / "b1.png").exists()


def test_a_folder_made_again_is_written_again_after_a_new_start_by_itself(
    machine: Machine, config: Path
) -> None:
    machine.write_config(quarantine=f"{{path: {HOME / 'elsewhere' / 'quarantine'}}}")
    machine.imgwatch("service", "install", "--config", config)
    machine.drop_in("RestartSec=1")
    shutil.rmtree(INBOX)
    INBOX.mkdir()
    shutil.chown(INBOX, "alice", "alice")
    dropped("b1.png")
    wait_until((HOME / "elsewhere" / "quarantine" / "pictures" / "b1.png").exists, 60, machine.journal())


def test_what_could_not_work_is_refused_before_anything_is_written(machine: Machine, config: Path) -> None:
    machine.write_config(quarantine="{path: /root/quarantine}")
    machine.imgwatch("service", "install", "--config", config, code=78)
    machine.write_config(quarantine=f"{{path: {HOME / 'q'}}}", model="/nowhere.onnx")
    machine.imgwatch("service", "install", "--config", config, code=69)
    assert not UNIT.exists()


def test_a_unit_that_it_did_not_write_is_left_alone(machine: Machine, config: Path) -> None:
    machine.write_config(quarantine=f"{{path: {HOME / 'q'}}}")
    UNIT.write_text("[Service]\nExecStart=/bin/true\n")
    machine.imgwatch("service", "install", "--config", config, code=2)
    machine.imgwatch("service", "uninstall", code=2)
    assert UNIT.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_what_root_sets_up_runs_as_the_owner_of_the_folder(
    machine: Machine, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.unlink()
    monkeypatch.chdir(HOME)  # where no other config lies
    album = HOME / "Pictures" / "Album"
    album.mkdir()
    for number in range(24):
        (album / f"{number}.png").write_bytes(picture_bytes(60 + number))
    options = ("--watch", INBOX, "--normal", album, "--false-alarms", "0.05", "--yes", "--service")
    machine.imgwatch("setup", *options)
    assert (config.is_file(), (config.parent / "model.onnx").is_file()) == (True, True)
    assert machine.show("User") == "alice"
    junk = noise(HOME / "junk.png")
    shutil.chown(junk, "alice", "alice")
    junk.rename(INBOX / "junk.png")
    moved = Path("/var/lib/imgwatch/quarantine/pictures/junk.png")
    wait_until(moved.exists, 60, machine.journal())
    assert moved.owner() == "alice"
    assert "quarantined: 1" in machine.imgwatch("status")
