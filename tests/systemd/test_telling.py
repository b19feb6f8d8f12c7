"""Metrics, the hook and messages under the hardened unit: what reaches the outside, and what does not."""

from __future__ import annotations

import shutil
import stat
import urllib.request
from pathlib import Path

import pytest

from daemon import wait_until
from machine import Machine
from webhook import webhook

pytestmark = [pytest.mark.systemd, pytest.mark.root]

UNIT = Path("/etc/systemd/system/imgwatch.service")
FIGURES = Path("/var/lib/figures")
TRIES_THE_NETWORK = """#!/bin/sh
/usr/bin/python3 - > /srv/imgwatch/tried 2>&1 <<'END'
import socket
for kind in (socket.AF_INET, socket.AF_INET6):
    try:
        socket.create_connection(("127.0.0.1", 9321), 5) if kind == socket.AF_INET else socket.socket(kind)
        print("reached")
    except OSError as fault:
        print(type(fault).__name__)
END
"""
HANDS_ON = """#!/usr/bin/python3
import socket, sys
with socket.socket(socket.AF_UNIX) as way:
    way.connect("/run/imgwatch-told.sock")
    way.sendall(sys.stdin.buffer.read())
"""
SOCKET = """[Socket]
ListenStream=/run/imgwatch-told.sock
SocketUser=imgwatch
SocketMode=0600
Accept=yes
"""
SERVICE = """[Service]
StandardInput=socket
StandardOutput=null
ExecStart=/bin/sh -c 'cat > /run/handed-on; ls /sys/class/net >> /run/handed-on'
"""


def installed(machine: Machine, **lines: str) -> str:
    """Install the unit for a config with these lines, as a user does; return what was said."""
    UNIT.unlink(missing_ok=True)
    machine.write_config(**lines)
    return machine.imgwatch("service", "install", "--config", machine.config)


def hook(machine: Machine, text: str) -> str:
    folder = machine.home / "told"
    folder.write_text(text)
    folder.chmod(0o755)
    return f"{{quarantined: [{folder}], seconds_between: 0}}"


def read() -> str:
    with urllib.request.urlopen("http://127.0.0.1:9321/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def test_the_port_can_be_reached_from_this_machine_and_no_other_can_be_opened(machine: Machine) -> None:
    said = installed(machine, metrics="{port: 9321}")
    assert "http://127.0.0.1:9321/metrics" in said
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    wait_until(lambda: "imgwatch_quarantined_total 1.0" in read(), says=machine.journal())
    machine.write_config(metrics="{port: 9322}")
    report = machine.imgwatch("doctor", "--config", machine.config, code=69)
    assert "the service does not let metrics.port 9322 be reached" in report


def test_the_file_can_be_read_by_others_and_the_service_has_no_network(machine: Machine) -> None:
    FIGURES.mkdir(exist_ok=True)
    shutil.chown(FIGURES, "imgwatch")
    file = FIGURES / "imgwatch.prom"
    installed(machine, metrics=f"{{textfile: {file}}}", hooks=hook(machine, TRIES_THE_NETWORK))
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    wait_until(lambda: "imgwatch_quarantined_total 1.0" in file.read_text(), says=machine.journal())
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert file.owner() == "imgwatch"
    tried = machine.home / "tried"
    wait_until(lambda: tried.exists() and len(tried.read_text().split()) == 2, says=machine.journal())
    assert "reached" not in tried.read_text()
    machine.systemctl("stop", "imgwatch")
    assert not file.exists()


def test_a_hook_hands_its_message_on_to_a_unit_that_has_the_network(machine: Machine) -> None:
    Path("/etc/systemd/system/imgwatch-told.socket").write_text(SOCKET)
    Path("/etc/systemd/system/imgwatch-told@.service").write_text(SERVICE)
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "imgwatch-told.socket")
    installed(machine, hooks=hook(machine, HANDS_ON))
    machine.drop("b1.png")
    handed_on = Path("/run/handed-on")
    wait_until(lambda: handed_on.exists() and "b1.png" in handed_on.read_text(), says=machine.journal())
    machine.systemctl("stop", "imgwatch-told.socket")


def test_a_message_leaves_the_sandbox_that_notify_has_opened(machine: Machine) -> None:
    with webhook() as server:
        notify = f"{{urls: ['{server.url}'], about: [breaker]}}"
        breaker = "{window: 2, share: 0.5}"
        installed(machine, breaker=breaker)
        machine.write_config(breaker=breaker, notify=notify)
        said = machine.imgwatch("doctor", "--config", machine.config, code=69)
        assert "the service lets no message out, which `notify` needs" in said
        said = installed(machine, breaker=breaker, notify=notify)
        assert "the service may reach the network" in said
        for number in range(3):
            machine.drop(f"b{number}.png")
        wait_until(lambda: server.messages, says=machine.journal())
    assert server.titles == ["imgwatch: the breaker is open, nothing is moved"]
