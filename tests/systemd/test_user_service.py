"""`imgwatch service install --user` under the real service manager of a user who has no right beyond their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import bright
from daemon import wait_until
from machine import CHECKOUT, Machine, pages_override, run_tool

pytestmark = [pytest.mark.systemd, pytest.mark.root]

HOME = Path("/home/alice")
INBOX, QUARANTINE = HOME / "Inbox", HOME / ".local/share/imgwatch/quarantine"
PAGE = CHECKOUT / "docs/service.md"
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


def installed_by_alice(machine: Machine) -> User:
    """Let a new user install the service for their own session."""
    alice = User("alice")
    shutil.copy(machine.home / "model.onnx", HOME)
    alice.run("mkdir", INBOX)
    config = HOME / ".config/imgwatch/config.yaml"
    alice.run("mkdir", "-p", config.parent)
    config.write_text(f"watch: [{{path: ~/Inbox}}]\nmodel: {HOME / 'model.onnx'}\nsettle_seconds: 0.2\n")
    said = alice.run("/opt/imgwatch/bin/imgwatch", "service", "install", "--user")
    assert "started imgwatch.service" in said
    return alice


def is_renamed_into_quarantine(name: str) -> bool:
    """Put a bright picture into the inbox and wait until it is moved; tell whether it is the same inode still."""
    inode = bright(INBOX / name).stat().st_ino
    shutil.chown(INBOX / name, "alice", "alice")
    moved = QUARANTINE / "pictures" / name
    wait_until(moved.exists, 60, f"{name} in quarantine")
    return moved.stat().st_ino == inode


def test_a_user_installs_it_without_root_and_removes_it(machine: Machine) -> None:
    alice = installed_by_alice(machine)
    assert UNIT.owner() == "alice"
    assert (alice.show("ActiveState"), alice.show("Type")) == ("active", "notify")
    assert "watching 1 folder" in alice.show("StatusText")
    assert alice.run("ps", "-o", "user=", "-p", alice.show("MainPID")).strip() == "alice"

    assert is_renamed_into_quarantine("b1.png")
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


def test_it_works_in_the_sandbox_that_the_page_advises_for_a_user(machine: Machine) -> None:
    alice = installed_by_alice(machine)
    (HOME / ".ssh").mkdir()
    override = UNIT.with_name("imgwatch.service.d") / "override.conf"
    override.write_text(pages_override(PAGE.read_text()))
    alice.run("systemctl", "--user", "daemon-reload")
    alice.run("systemctl", "--user", "restart", "imgwatch")
    assert is_renamed_into_quarantine("b1.png")
    process = Path("/proc", alice.show("MainPID"))
    assert process.joinpath("uid_map").read_text().split() == [str(alice.number), str(alice.number), "1"]
    assert "CapBnd:\t0000000000000000\n" in process.joinpath("status").read_text()
    mounts = {
        line.split()[1]: line.split()[3].split(",")[0]
        for line in process.joinpath("mounts").read_text().splitlines()
    }
    assert (mounts["/"], mounts[str(HOME)]) == ("ro", "rw")
    assert str(HOME / ".ssh") in mounts
    for name in ("net", "uts", "mnt"):
        assert (process / "ns" / name).readlink() != Path("/proc/self/ns", name).readlink()
    alice.run("/opt/imgwatch/bin/imgwatch", "quarantine", "restore", "--all")
    assert (INBOX / "b1.png").exists()


REFUSED = ("CapabilityBoundingSet=", "PrivateDevices=yes", "ProtectClock=yes", "ProtectKernelLogs=yes")
IGNORED = (
    "PrivateMounts=yes", "PrivateTmp=yes", "ProtectControlGroups=yes", "ProtectHome=read-only",
    "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectProc=invisible", "ProtectSystem=strict",
    "PrivateIPC=yes", "PrivateNetwork=yes", "ProtectHostname=yes",
)  # fmt: skip
NEVER = ("DevicePolicy=closed", "IPAddressDeny=any")
_OPENS = """
import socket
open("/dev/fuse").close()
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
receiver.settimeout(5)
receiver.sendto(b"x", receiver.getsockname())
receiver.recv(1)
"""
_SEES = "readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts"


def test_what_the_unit_of_a_user_leaves_out_has_no_effect_there_or_stops_its_start(machine: Machine) -> None:
    alice, page = User("alice"), PAGE.read_text()

    def run(*options: str, command: tuple[str, ...] = ("sh", "-c", _SEES), code: int = 0) -> str:
        properties = [f"--property={option}" for option in ("NoNewPrivileges=yes", *options)]
        return alice.run("systemd-run", "--user", "--wait", "--pipe", "-q", *properties, *command, code=code)

    def names(kind: tuple[str, ...]) -> set[str]:
        return {option.partition("=")[0] for option in kind}

    for option in REFUSED:
        run(option, code=218)
    assert run("PrivateUsers=yes", *REFUSED, "ProtectSystem=strict") != run(), "this is how they work"
    for option in IGNORED:
        assert run(option) == run(), option
    for options in (NEVER, ("PrivateUsers=yes", *NEVER)):
        run(*options, command=("/usr/bin/python3", "-c", _OPENS))
    rows = re.findall(r"^\| (`\w+=`.*?) \| .* \|$", page, re.MULTILINE)
    refused, ignored, warned, never = (set(re.findall(r"`(\w+)=`", options)) for options in rows)
    assert (refused, ignored | warned, never) == (names(REFUSED), names(IGNORED), names(NEVER))
