"""The shipped unit under a real systemd: start, work, reload, crash, hang, stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import bright
from daemon import wait_until
from hanging import write_endless_to_load
from machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.root]


def test_it_starts_says_ready_and_works_with_a_rename(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    assert machine.show("ActiveState") == "active"
    assert "watching 1 folder" in machine.show("StatusText")
    machine.drop("b1.png", "d1.png")
    inode = (machine.inbox / "b1.png").stat().st_ino
    machine.wait_quarantined("b1.png")
    assert (machine.quarantine / "pictures" / "b1.png").stat().st_ino == inode, "not a rename"
    assert (machine.inbox / "d1.png").exists()
    assert "cpuinfo" not in machine.journal()


def test_the_journal_knows_levels(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    assert "quarantine" in machine.journal("-p", "info")
    assert "b1.png" not in machine.journal("-p", "warning")
    (machine.home / "model.onnx").write_bytes(b"no model")
    wait_until(lambda: "refused" in machine.journal("-p", "err"), says="an error in the journal")
    assert "<3>" not in machine.journal()


def test_a_name_cannot_forge_a_journal_entry(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    bright(machine.inbox / "x\n<0>kernel: fire.png")
    wait_until(lambda: len(machine.pictures()) == 1, says=machine.journal())
    assert "fire" not in machine.journal("-p", "emerg")
    assert r"x\n<0>kernel: fire.png" in machine.journal()


def test_reload_takes_a_new_config_and_refuses_a_faulty_one(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    pid = machine.show("MainPID")
    machine.write_config(mode="report")
    machine.systemctl("reload", "imgwatch")
    wait_until(lambda: "mode is report" in machine.journal(), says="the new config")
    machine.config.write_text("watch: 3")
    machine.systemctl("reload", "imgwatch")
    wait_until(lambda: "refused" in machine.journal(), says="a refusal")
    machine.write_config(model="/nowhere.onnx")
    machine.systemctl("reload", "imgwatch")
    wait_until(lambda: machine.journal().count("refused") == 2, says="a second refusal")
    machine.write_config()
    machine.systemctl("reload", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    assert machine.show("MainPID") == pid
    assert machine.show("ActiveState") == "active"


def test_it_comes_back_after_kill_9_and_judges_what_came_meanwhile(machine: Machine) -> None:
    machine.drop_in("RestartSec=1")
    machine.systemctl("start", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    os.kill(int(machine.show("MainPID")), signal.SIGKILL)
    machine.drop("b2.png")
    machine.wait_quarantined("b1.png", "b2.png")
    assert machine.show("NRestarts") == "1"
    status = json.loads(machine.imgwatch("status", "--json", "--config", machine.config))
    assert (status["judged"], status["quarantined"]) == (2, 2)


def test_a_daemon_that_hangs_is_restarted_by_the_watchdog(machine: Machine) -> None:
    machine.drop_in("WatchdogSec=9\nRestartSec=1\nTimeoutAbortSec=2")
    machine.systemctl("start", "imgwatch")
    os.kill(int(machine.show("MainPID")), signal.SIGSTOP)
    wait_until(lambda: machine.show("NRestarts") == "1", 40, "a restart")
    assert "watchdog" in machine.journal().lower()
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")


def test_stop_is_quick_and_starts_are_not_repeated_after_a_faulty_config(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    machine.drop(*(f"b{number}.png" for number in range(50)))
    begun = time.monotonic()
    machine.systemctl("stop", "imgwatch")
    assert time.monotonic() - begun < 5
    assert machine.show("Result") == "success"
    machine.config.write_text("watch: 3")
    with pytest.raises(AssertionError):
        machine.systemctl("start", "imgwatch")
    assert machine.show("ExecMainStatus") == "78"
    assert machine.show("ActiveState") == "failed"  # and not activating again
    assert "line 1: watch" in machine.journal()


def test_a_decoder_out_of_memory_costs_one_picture_not_the_service(machine: Machine) -> None:
    machine.drop_in("MemoryMax=220M\nMemorySwapMax=0")
    machine.systemctl("start", "imgwatch")
    from PIL import Image

    Image.new("RGB", (12000, 12000)).save(machine.inbox / "big.png")  # 432 MB decoded
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    assert machine.show("NRestarts") == "0"
    assert machine.show("ActiveState") == "active"
    assert (machine.inbox / "big.png").exists()


def test_the_template_unit_serves_one_config_an_instance(machine: Machine) -> None:
    home = machine.home / "scans"
    (home / "inbox").mkdir(parents=True)
    text = machine.config.read_text().replace(str(machine.inbox), str(home / "inbox"))
    text = text.replace(str(machine.quarantine), str(home / "quarantine")).replace(
        "/var/lib/imgwatch", "/var/lib/imgwatch/scans"
    )
    Path("/etc/imgwatch/scans.yaml").write_text(text)
    subprocess.run(["chown", "-R", "imgwatch", home], check=True)
    machine.systemctl("start", "imgwatch@scans")
    inode = bright(home / "inbox" / "b1.png").stat().st_ino
    moved = home / "quarantine" / "pictures" / "b1.png"
    wait_until(moved.exists, 60, machine.journal(unit="imgwatch@scans"))
    assert moved.stat().st_ino == inode
    machine.systemctl("stop", "imgwatch@scans")


def trials() -> list[int]:
    """Return the processes in which a model is tried."""
    return [
        int(file.parent.name)
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if b"imgwatch.model.trial_process" in file.read_bytes()
    ]


@pytest.mark.parametrize("killed", ["main", "all"])
def test_kill_9_of_the_service_ends_the_trial_of_a_model(machine: Machine, killed: str) -> None:
    write_endless_to_load(machine.home / "model.onnx")
    machine.write_config(limits="{decode_seconds: 600}")
    machine.drop_in("Restart=no")
    machine.systemctl("start", "--no-block", "imgwatch")
    wait_until(trials)
    machine.systemctl("kill", f"--kill-whom={killed}", "--signal=KILL", "imgwatch")
    wait_until(lambda: not trials())
