"""Make a running daemon read its config again."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from imgwatch.status import read_status

if TYPE_CHECKING:
    from imgwatch.settings import Settings


def ask_for_reload(settings: Settings) -> str:
    """Send the daemon of a config SIGHUP, if one runs, and return the outcome in a sentence."""
    pid = read_status(settings.state).get("pid")
    if pid is None:
        return "No daemon runs; the next one reads the new config."
    try:
        os.kill(int(pid), signal.SIGHUP)
    except OSError as fault:
        return f"The daemon cannot be told ({fault.strerror}): systemctl reload imgwatch"
    return "The daemon reads the config again."
