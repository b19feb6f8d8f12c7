"""The service starts with the machine, also where the power went in the middle of a move."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon import wait_until
from machine import Machine

pytestmark = [pytest.mark.systemd, pytest.mark.root]


@pytest.mark.boot(str(Path(__file__).with_name("enable_for_boot.py")))
def test_it_starts_at_boot_and_ends_the_move_that_was_broken_off(booted: Machine) -> None:
    wait_until(lambda: booted.show("ActiveState") == "active", 60, booted.journal())
    booted.wait_quarantined("b1.png", "b2.png")
    assert not (booted.inbox / "b1.png").exists()
    assert (booted.inbox / "d1.png").exists()
    assert "the interrupted operation (quarantined) is now finished" in booted.journal()
    assert (booted.quarantine / "records" / "b1.png.json").exists()
