"""A command in a terminal of its own, that answers what it is asked."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Mapping

from daemon import COMMAND, popen


def in_a_terminal(
    *arguments: str, answers: Mapping[bytes, bytes], columns: int = 100, code: int = 0
) -> bytes:
    """Run `imgwatch` in a terminal; where it says a key of `answers`, it is told the value. Return all that it says."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    environment["TERM"] = "xterm-256color"
    process = popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    said, waiting = b"", dict(answers)
    while piece := _read(ours):
        said += piece
        for asked in [asked for asked in waiting if asked in said]:
            os.write(ours, waiting.pop(asked))
    os.close(ours)
    assert process.wait() == code, said
    return said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the program has ended
        return b""
