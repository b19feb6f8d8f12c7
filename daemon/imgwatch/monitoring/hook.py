"""Run the user's command for quarantined pictures, in its own thread: it can delay, stop and break nothing.

The command gets one JSON object on stdin for all that was quarantined since its last run. It is a message, not a
record: what still waits when the daemon stops, and what exceeds a thousand, is left out. The quarantine has all.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import IO, Any

from imgwatch.child import STOP_SECONDS, contained, end, environment
from imgwatch.errors import shown
from imgwatch.quarantine.record import Record
from imgwatch.settings import HookSettings

log = logging.getLogger(__name__)

MOST_WAITING = 1000  # pictures named in one run; the others are only counted
_TAIL_BYTES = 300  # of what a failing command says
_FIELDS = (
    "id",
    "original",
    "file",
    "score",
    "threshold",
    "reason",
    "reason_code",
    "kind",
    "model",
    "sha256",
    "bytes",
    "quarantined_at",
    "destination",  # only of what is moved on
)


class Hook:
    """Passes quarantined pictures to a command. `note` returns at once; `close` ends the command."""

    def __init__(self, settings: HookSettings) -> None:
        assert settings.quarantined is not None
        self._command = settings.quarantined
        self._settings = settings
        self._waiting: deque[Record] = deque(maxlen=MOST_WAITING)
        self._left_out = 0
        self._change = threading.Condition()
        self._closing = threading.Event()
        self._running: subprocess.Popen[bytes] | None = None
        self._fails = False
        self.outcomes: Counter[str] = Counter()  # done, failed, timed_out: runs; left_out: pictures
        self._thread = threading.Thread(target=self._work, name="hook", daemon=True)
        self._thread.start()

    @property
    def is_waiting(self) -> bool:
        """Return whether there are pictures that the command has not got yet."""
        return bool(self._waiting)

    @property
    def is_running(self) -> bool:
        """Return whether the command runs."""
        return self._running is not None

    def note(self, record: Record) -> None:
        """Add a picture that was quarantined."""
        with self._change:
            if len(self._waiting) == MOST_WAITING:
                self._left_out += 1
                self.outcomes["left_out"] += 1
            self._waiting.append(record)
            self._change.notify()

    def close(self) -> None:
        """Stop soon: a running command gets a second to end, waiting pictures are left out."""
        with self._change:
            self._closing.set()
            self._change.notify()
            if self._waiting:
                log.warning("%d quarantined pictures are no longer reported to the hook", len(self._waiting))
        self._thread.join(STOP_SECONDS)
        if (running := self._running) is not None:
            end(running)
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            begun = time.monotonic()
            try:
                fault = self._run(*batch)
            except Exception as broken:  # noqa: BLE001 - whatever it is, the daemon goes on
                self.outcomes["failed"] += 1
                fault = str(broken)
            self._log_outcome(fault)
            self._closing.wait(max(0.0, begun + self._settings.seconds_between - time.monotonic()))

    def _next_batch(self) -> tuple[list[Record], int] | None:
        """Wait, without polling, for pictures; None when it is time to end."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closing.is_set())
            if self._closing.is_set():
                return None
            batch = list(self._waiting), self._left_out
            self._waiting.clear()
            self._left_out = 0
            return batch

    def _run(self, records: Sequence[Record], left_out: int) -> str | None:
        """Run the command once; return what went wrong, if anything. Its input and output are files: no pipe fills."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
            stdin.write(message(records, left_out))
            stdin.seek(0)
            self._running = running = subprocess.Popen(
                contained(self._command), stdin=stdin, stdout=subprocess.DEVNULL, stderr=stderr, cwd="/",
                env=environment(),
                start_new_session=True,
            )  # fmt: skip
            try:
                code = running.wait(self._settings.timeout_seconds)
            except subprocess.TimeoutExpired:
                self.outcomes["timed_out"] += 1
                return f"did not finish within {self._settings.timeout_seconds:g} s"
            finally:
                end(running)
                self._running = None
            self.outcomes["failed" if code else "done"] += 1
            return f"exit {code}: {_tail(stderr)}" if code else None

    def _log_outcome(self, fault: str | None) -> None:
        if (
            fault is not None and not self._fails and not self._closing.is_set()
        ):  # one line, not one a picture
            log.error(
                "the hook %s failed; the pictures are in quarantine all the same: %s",
                self._command[0],
                fault,
                extra={"cause": "hook"},
            )
        elif fault is None and self._fails:
            log.warning("the hook %s works again", self._command[0], extra={"cause": "hook"})
        self._fails = fault is not None


def message(records: Sequence[Record], left_out: int) -> bytes:
    """Return the command's input: the pictures as `quarantine list --json` shows them, and how many are left out."""
    return (
        json.dumps({"quarantined": [_as_json(record) for record in records], "left_out": left_out}).encode()
        + b"\n"
    )


def _as_json(record: Record) -> dict[str, Any]:
    known = record.to_json()
    return {name: known[name] for name in _FIELDS if name in known}


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL_BYTES))
    return shown(stream.read().decode(errors="replace").strip()) or "it printed nothing"
