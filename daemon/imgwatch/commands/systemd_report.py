"""The daemon's reports to systemd: that it is alive, what it does, why it waits. Source: sd_notify(3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgwatch.errors import shown
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.status import Pulse

_PATIENCE_SECONDS = 120  # systemd waits so long for the next word of a daemon that waits for a disk


def report(pulse: Pulse) -> None:
    """Report the daemon's state to systemd."""
    from imgwatch.systemd.notify import notify

    if pulse.alive:
        notify("WATCHDOG=1", f"STATUS={_headline(pulse)}")
    else:
        report_waiting(pulse.troubles[0])


def report_waiting(why: str) -> None:
    """Report to systemd why the daemon waits, and ask for more time."""
    from imgwatch.systemd.notify import notify

    notify(f"EXTEND_TIMEOUT_USEC={_PATIENCE_SECONDS * 1_000_000}", f"STATUS=waiting: {shown(why)}")


def _headline(pulse: Pulse) -> str:
    if pulse.breaker == "open":
        return "breaker open: nothing is moved until `imgwatch resume`"
    if pulse.troubles:
        return shown(pulse.troubles[0])
    return f"watching {counted(len(pulse.folders), 'folder')}, {counted(pulse.backlog, 'picture')} waiting"
