from __future__ import annotations

from pathlib import Path

import pytest

from imgwatch.breaker import Breaker
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.service.requeue import Requeue
from imgwatch.settings import BreakerSettings
from imgwatch.timers import Every

VERSION = Identity(1, 10, 100, 1000)
JUDGED = Judgement(Verdict.QUARANTINE, in_words("strange"), "m-1", 0.9, 0.5, "ab" * 32)


class Queue:
    """A requeue over a ledger, at a clock that the test sets; `noticed` is what it put before the intake."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.noticed: list[Path] = []
        self.seconds = 0.0
        timer = Every(60, lambda: self.seconds)
        self.requeue = Requeue(self.ledger, Breaker(BreakerSettings()), self.noticed.append, timer)

    def remember(self, name: str, state: FileState, due: float | None = None) -> Path:
        path = Path("/in") / name
        self.ledger.remember([Row(path, VERSION, state, JUDGED, due=due)], now=1.0)
        return path


@pytest.fixture
def queue(ledger: Ledger) -> Queue:
    return Queue(ledger)


def test_what_could_not_be_moved_is_tried_again_with_the_latecomers(queue: Queue) -> None:
    pending = queue.remember("pending.jpg", FileState.PENDING)
    queue.remember("held.jpg", FileState.HELD)
    latecomer = Path("/in/late.xmp")
    queue.requeue.pending([latecomer])
    assert queue.noticed == [pending, latecomer]


def test_what_the_breaker_held_is_judged_once_more(queue: Queue) -> None:
    held = queue.remember("held.jpg", FileState.HELD)
    queue.requeue.held()
    queue.requeue.held()
    assert queue.noticed == [held]


def test_what_is_old_enough_is_judged_and_looked_for_once_a_minute(queue: Queue) -> None:
    first = queue.remember("first.jpg", FileState.WAITING, due=1.0)
    queue.remember("never.jpg", FileState.WAITING, due=1e12)
    queue.requeue.due()
    assert queue.noticed == [first]
    second = queue.remember("second.jpg", FileState.WAITING, due=1.0)
    queue.requeue.due()
    assert queue.noticed == [first]
    queue.seconds = 60.0
    queue.requeue.due()
    assert queue.noticed == [first, second]


def test_what_was_reported_is_said_with_the_way_to_move_it(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.requeue.say_what_was_reported()
    assert not caplog.messages
    queue.remember("reported.jpg", FileState.REPORTED)
    queue.requeue.say_what_was_reported()
    assert caplog.messages == [
        "1 picture was reported before and not moved; `imgwatch rescan` moves what was reported"
    ]
