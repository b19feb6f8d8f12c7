from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.monitoring.digest import Digest, line

NOON = datetime(2026, 3, 14, 12)


def test_the_line_says_what_there_is() -> None:
    counts = {"judged": 412, "quarantined": 9, "unreadable": 1, "restored": 2, "purged": 3}
    assert (
        line(counts)
        == "yesterday: 412 judged, 9 quarantined (2 %), 1 unreadable, 2 restored, 3 purged by the limits"
    )
    assert line({}) == "yesterday: 0 judged, 0 quarantined, 0 unreadable"
    assert line({"judged": 1000, "quarantined": 3}).endswith("3 quarantined (under 1 %), 0 unreadable")


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith("yesterday")]


def judge_one(ledger: Ledger, name: str, at: datetime) -> None:
    judgement = Judgement(Verdict.KEEP, in_words("as ever"), "m", 0.1, 0.5, "00" * 32)
    row = Row(Path("/in", name), Identity(1, len(name), 1, 0), FileState.KEPT, judgement)
    ledger.remember([row], at.timestamp())


def test_once_a_day_also_over_restarts(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = NOON
    digest = Digest(ledger, lambda: now)
    digest.log_if_due()
    judge_one(ledger, "a.png", now)
    judge_one(ledger, "bb.png", now)
    assert logged(caplog) == [], "nothing is known of the day before the first start"
    now += timedelta(hours=12, seconds=1)
    digest.log_if_due()
    digest.log_if_due()
    Digest(ledger, lambda: now).log_if_due()
    assert logged(caplog) == ["yesterday: 2 judged, 0 quarantined, 0 unreadable"]


def test_after_days_without_a_daemon_the_last_one_is_told(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    Digest(ledger, lambda: NOON).log_if_due()
    judge_one(ledger, "a.png", NOON)
    Digest(ledger, lambda: NOON + timedelta(days=5)).log_if_due()
    assert logged(caplog) == ["yesterday: 0 judged, 0 quarantined, 0 unreadable"]


def test_a_clock_that_is_put_back_tells_nothing_twice(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for days in (0, 1, 0, 1):
        Digest(ledger, lambda days=days: NOON + timedelta(days=days)).log_if_due()  # type: ignore[misc]
    assert len(logged(caplog)) == 1
