"""Report the service's state to systemd by the sd_notify protocol: a datagram to $NOTIFY_SOCKET, if there is one."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as "READY=1" or "STATUS=..."; see sd_notify(3). Does nothing if nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
        try:
            connection.connect(name)
            connection.sendall("\n".join(lines).encode())
        except OSError:
            return  # a manager that is gone must not stop the daemon


def watchdog_seconds() -> float | None:
    """Return half of the seconds within which systemd expects WATCHDOG=1; None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 2e6 if microseconds.isdigit() and int(microseconds) > 0 and for_us else None
