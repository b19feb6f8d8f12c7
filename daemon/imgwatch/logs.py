"""Set up the log on stderr: one line per message, whatever a file's name, with levels for journald."""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter

from imgwatch.errors import shown

_MOST_CHARACTERS = 8000  # of a line: names are escaped, and may be long
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _OneLine(logging.Formatter):
    """Escapes what does not print, so that a hostile file name can forge no line and move no cursor."""

    def __init__(self, for_journal: bool) -> None:
        super().__init__("%(message)s" if for_journal else "%(asctime)s %(levelname)-7s %(message)s")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        line = _cut(shown(super().format(record)))
        return f"<{_PRIORITY.get(record.levelno, 6)}>{line}" if self._for_journal else line


def _cut(line: str) -> str:
    more = len(line) - _MOST_CHARACTERS
    return line if more <= 0 else f"{line[:_MOST_CHARACTERS]}... ({more} more characters)"


class FirstFew(logging.Filter):
    """Lets the first messages of a wording through where a damaged file could cause thousands of them."""

    sources = ("imgwatch.quarantine.history", "imgwatch.quarantine.reader")
    most = 10

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is let through."""
        if record.name not in self.sources:
            return True
        self._counts[record.msg] += 1
        if self._counts[record.msg] == self.most:
            record.msg += " (more messages like this one are left out)"
            return True
        return self._counts[record.msg] < self.most


class LastError(logging.Handler):
    """Keeps the last error that was logged, for `imgwatch status`, until a message says that it is over.

    Both messages carry the same cause: `extra={"cause": "move"}`.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.text: str | None = None
        self._cause: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of an error; forget it when its cause is gone."""
        cause = getattr(record, "cause", None)
        if record.levelno >= logging.ERROR:
            self.text, self._cause = _cut(shown(record.getMessage())), cause
        elif cause is not None and cause == self._cause:
            self.text = self._cause = None


def set_up(verbose: bool = False) -> LastError:
    """Send the log to stderr, for the journal with sd-daemon(3) priorities; return the handler with the last error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(for_journal=_is_journal()))
    handler.addFilter(FirstFew())
    last_error = LastError()
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, handlers=[handler, last_error], force=True
    )
    logging.getLogger("watchdog").setLevel(logging.WARNING)
    logging.getLogger("PIL").setLevel(logging.WARNING)
    return last_error


def _is_journal() -> bool:
    """Return whether stderr is the journal's stream, as $JOURNAL_STREAM (device:inode) says; see systemd.exec(5)."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
