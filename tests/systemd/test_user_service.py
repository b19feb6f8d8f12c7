"""`imgwatch service install --user` under the real service manager of a user who has no right beyond their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import bright
from daemon import wait_until
from machine import Machine, run_tool

pytestmark = [pytest.mark.systemd, pytest.mark.root]

HOME = Path("/home/alice")
INBOX, QUARANTINE = HOME / "Inbox", HOME / ".local/share/imgwatch/quarantine"
UNIT = HOME / ".config/systemd/user/imgwatch.service"


class User:
    """A user whose service manager runs without a login, as after `loginctl enable-linger`."""

    def __init__(self, name: str) -> None:
        self.name = name
        subprocess.run(["useradd", "--create-home", name], check=True)
        self.number = int(run_tool("id", "-u", name))
        for hierarchy in Path("/sys/fs/cgroup").iterdir():  # closed to users where a runner mounted them
            if hierarchy.is_dir() and "IMGWATCH_UNDER_SYSTEMD" in os.environ:
                hierarchy.chmod(0o755)
        run_tool("systemctl", "start", f"user@{self.number}")

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Run a command as this user, at home."""
        runtime = f"XDG_RUNTIME_DIR=/run/user/{self.number}"
        done = subprocess.run(
            ["runuser", "-u", self.name, "--", "env", "-C", HOME, runtime, *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def show(self, name: str) -> str:
        return self.run("systemctl", "--user", "show", "-P", name, "imgwatch").strip()


def test_a_user_installs_it_without_root_and_removes_it(machine: Machine) -> None:
    alice = User("alice")
    shutil.copy(machine.home / "model.onnx", HOME)
    alice.run("mkdir", INBOX)
    config = HOME / ".config/imgwatch/config.yaml"
    alice.run("mkdir", "-p", config.parent)
    config.write_text(f"watch: [{{path: ~/Inbox}}]\nmodel: {HOME / 'model.onnx'}\nsettle_seconds: 0.2\n")
    said = alice.run("/opt/imgwatch/bin/imgwatch", "service", "install", "--user")
    assert "started imgwatch.service" in said
    assert UNIT.owner() == "alice"
    assert (alice.show("ActiveState"), alice.show("Type")) == ("active", "notify")
    assert "watching 1 folder" in alice.show("StatusText")
    assert alice.run("ps", "-o", "user=", "-p", alice.show("MainPID")).strip() == "alice"

    inode = bright(INBOX / "b1.png").stat().st_ino
    shutil.chown(INBOX / "b1.png", "alice", "alice")
    moved = QUARANTINE / "pictures" / "b1.png"
    wait_until(moved.exists, 60, "b1.png in quarantine")
    assert moved.stat().st_ino == inode, "a rename"
    assert '"alive": true' in alice.run("/opt/imgwatch/bin/imgwatch", "status", "--json")
    alice.run("systemctl", "--user", "reload", "imgwatch")
    alice.run("/opt/imgwatch/bin/imgwatch", "quarantine", "restore", "--all")
    assert (INBOX / "b1.png").exists()

    pid = int(alice.show("MainPID"))
    alice.run("kill", "-9", str(pid))
    wait_until(lambda: alice.show("NRestarts") == "1" and alice.show("ActiveState") == "active", 60, "again")
    alice.run("/opt/imgwatch/bin/imgwatch", "service", "uninstall", "--user")
    assert not UNIT.exists()
    assert alice.show("ActiveState") == "inactive"
    assert list(QUARANTINE.joinpath("pictures").iterdir()) == []
