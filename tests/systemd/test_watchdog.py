"""The watchdog under a real systemd: a scorer that hangs misses it, also without work; slow work does not."""

from __future__ import annotations

import time

import pytest
from PIL import Image

from daemon import wait_until
from hanging import write_alone_hangs, write_slow, write_white_hangs
from imgwatch.judging import BATCH
from machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.root]

WATCHDOG_SECONDS = 9  # the daemon wakes every 5 s when it has nothing to do


@pytest.fixture(autouse=True)
def quick(machine: Machine | None) -> None:
    if machine is not None:
        machine.drop_in(f"WatchdogSec={WATCHDOG_SECONDS}\nRestartSec=1\nTimeoutAbortSec=2")


def test_a_scorer_that_hangs_on_a_picture_is_ended_and_the_service_works_again(machine: Machine) -> None:
    write_white_hangs(machine.home / "model.onnx")
    machine.systemctl("start", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    white = machine.inbox / "white.png"
    Image.new("RGB", (24, 24), "white").save(white)
    wait_until(lambda: int(machine.show("NRestarts")) >= 1, 60, "a restart")
    assert "watchdog timeout" in machine.journal().lower()
    assert white.exists()
    white.unlink()
    machine.drop("b2.png")
    machine.wait_quarantined("b1.png", "b2.png")


def test_a_scorer_that_hangs_is_noticed_without_a_picture(machine: Machine) -> None:
    write_alone_hangs(machine.home / "model.onnx")
    machine.systemctl("start", "imgwatch")
    wait_until(lambda: int(machine.show("NRestarts")) >= 1, 110, "a restart")
    assert "watchdog timeout" in machine.journal().lower()
    assert list(machine.inbox.iterdir()) == []


@pytest.mark.waits
def test_a_healthy_service_without_work_is_left_alone(machine: Machine) -> None:
    machine.systemctl("start", "imgwatch")
    machine.drop("b1.png")
    machine.wait_quarantined("b1.png")
    time.sleep(75)  # longer than the workers are kept, and than the pause between two probes
    assert machine.show("NRestarts") == "0"
    machine.drop("b2.png")
    machine.wait_quarantined("b2.png")
    assert machine.show("NRestarts") == "0"


def test_a_long_batch_does_not_miss_it(machine: Machine) -> None:
    write_slow(machine.home / "model.onnx", turns=1_500_000)  # one or two seconds for each batch
    machine.systemctl("start", "imgwatch")
    begun, dropped = time.monotonic(), 0
    while time.monotonic() - begun <= 2 * WATCHDOG_SECONDS:  # however quick the machine is, it is never idle
        machine.drop(*(f"b{number}.png" for number in range(dropped, dropped + 4 * BATCH)))
        dropped += 4 * BATCH
        wait_until(
            lambda dropped=dropped: len(machine.pictures()) >= dropped - BATCH, 100, "nearly all moved"
        )
    wait_until(lambda: len(machine.pictures()) == dropped, 100, "all moved")
    assert machine.show("NRestarts") == "0"
