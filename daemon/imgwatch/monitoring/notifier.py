"""Send messages beside the daemon's loop: a waiting thread, and a sending child process with a time limit.

A message that cannot be sent is tried again after growing pauses, then abandoned. No URL appears anywhere in full.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from imgwatch.child import STOP_SECONDS, contained, end, environment
from imgwatch.masking import masked

log = logging.getLogger(__name__)

PAUSES = (10.0, 60.0, 300.0, 1800.0)  # seconds before each new try
SEND_SECONDS = 120.0
MOST_WAITING = 100  # messages; of more, the oldest is given up
_SENDER = (sys.executable, "-P", "-m", "imgwatch.monitoring.send")


class Message(NamedTuple):
    """A message; its pictures are sent as a contact sheet."""

    title: str
    body: str
    pictures: Sequence[Path] = ()


@dataclass
class Delivery:
    """A message on its way. `compose` runs in the thread; `is_over` once all URLs are reached, or it is abandoned."""

    compose: Callable[[], Message]
    urls: Sequence[str]
    due: float = 0.0
    tries: int = 0
    is_over: bool = False
    message: Message | None = field(default=None)


def start_sender() -> subprocess.Popen[bytes]:
    """Start the child process that sends one message."""
    return subprocess.Popen(
        contained(_SENDER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
        env=environment(), start_new_session=True,
    )  # fmt: skip


def send(
    running: subprocess.Popen[bytes], message: Message, urls: Sequence[str], limits: dict[str, Any]
) -> list[bool]:
    """Send a message by the child; return which URLs were reached."""
    wanted = {"urls": list(urls), "title": message.title, "body": message.body,
              "pictures": list(map(str, message.pictures)), "limits": limits}  # fmt: skip
    try:
        answer, _ = running.communicate(json.dumps(wanted).encode(), SEND_SECONDS)
        reached = json.loads(answer)
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return [False] * len(urls)
    finally:
        end(running)
        for pipe in (running.stdin, running.stdout):
            if pipe is not None:
                pipe.close()
    return list(map(bool, reached))


class Notifier:
    """Sends messages to all URLs. `note` returns at once; `close` ends the child."""

    def __init__(self, urls: Sequence[str], limits: dict[str, Any], pauses: Sequence[float] = PAUSES) -> None:
        self._urls, self._limits, self._pauses = urls, limits, pauses
        self._waiting: list[Delivery] = []
        self._change = threading.Condition()
        self._is_closing = False
        self._running: subprocess.Popen[bytes] | None = None
        self._fails = False
        self.trouble: str | None = None  # what was given up last, until a message goes through
        self.outcomes: Counter[str] = (
            Counter()
        )  # messages, each URL's by itself: sent, failed (tries), given_up
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def note(self, compose: Callable[[], Message]) -> Delivery:
        """Queue a message."""
        delivery = Delivery(compose, list(self._urls))
        with self._change:
            if len(self._waiting) == MOST_WAITING:
                oldest = self._waiting.pop(0)
                self._give_up(oldest)
            self._waiting.append(delivery)
            self._change.notify()
        return delivery

    def close(self) -> None:
        """Stop soon: messages that are not sent yet are dropped."""
        with self._change:
            self._is_closing = True
            self._change.notify()
            if self._running is not None:
                self._running.terminate()
        self._thread.join(2 * STOP_SECONDS)

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._try(delivery)
            except Exception:  # noqa: BLE001 - whatever it is, the daemon goes on
                self._note_failed(delivery, delivery.urls)

    def _next(self) -> Delivery | None:
        """Wait for the message that is due first; None when it is time to end."""
        with self._change:
            while not self._is_closing:
                first = min(self._waiting, key=lambda delivery: delivery.due, default=None)
                pause = None if first is None else first.due - time.monotonic()
                if first is not None and pause is not None and pause <= 0:
                    self._waiting.remove(first)
                    return first
                self._change.wait(pause)
        return None

    def _try(self, delivery: Delivery) -> None:
        message = delivery.message = delivery.message or delivery.compose()
        with self._change:
            if self._is_closing:
                return
            self._running = running = start_sender()
        reached = send(running, message, delivery.urls, self._limits)
        self._running = None
        if self._is_closing and not all(reached):
            return
        self.outcomes["sent"] += sum(reached)
        unreached = [url for url, is_reached in zip(delivery.urls, reached, strict=True) if not is_reached]
        if unreached:
            self._note_failed(delivery, unreached)
            return
        delivery.is_over = True
        if self._fails:
            log.warning("notify: messages go out again")
        self._fails, self.trouble = False, None

    def _note_failed(self, delivery: Delivery, urls: Sequence[str]) -> None:
        self.outcomes["failed"] += len(urls)
        names = ", ".join(map(masked, urls))
        if not self._fails:
            log.warning(
                "notify: a message did not reach %s; it is sent again later: `imgwatch notify --test`", names
            )
        self._fails = True
        delivery.urls = urls
        if delivery.tries == len(self._pauses):
            self._give_up(delivery)
            self.trouble = f"notify: no message reaches {names}: `imgwatch notify --test` tries it"
            return
        delivery.due = time.monotonic() + self._pauses[delivery.tries]
        delivery.tries += 1
        with self._change:
            self._waiting.append(delivery)

    def _give_up(self, delivery: Delivery) -> None:
        self.outcomes["given_up"] += len(delivery.urls)
        delivery.is_over = True
