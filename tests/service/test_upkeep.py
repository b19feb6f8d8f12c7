from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from imgwatch import memory
from imgwatch.ledger import Ledger
from imgwatch.quarantine import Quarantine
from imgwatch.service.upkeep import Upkeep
from imgwatch.settings import QuarantineSettings, Settings, Watch
from imgwatch.timers import Pauses

PAUSES = Pauses()


class Days:
    """An upkeep at a clock that the test sets, over a quarantine and a model that note what is asked of them."""

    def __init__(self, ledger: Ledger, limits: QuarantineSettings) -> None:
        self.now = 1000.0
        self.quarantine = Mock(spec=Quarantine, **{"purge.return_value": [], "log_name.return_value": None})
        self.model = Mock()
        settings = Settings(watch=(Watch(path=Path("/in")),), quarantine=limits)
        self.upkeep = Upkeep(settings, self.model, self.quarantine, ledger, None, lambda: self.now, PAUSES)


def test_without_limits_nothing_is_purged(ledger: Ledger) -> None:
    days = Days(ledger, QuarantineSettings())
    days.upkeep.purge_if_due()
    days.quarantine.purge.assert_not_called()


def test_limits_are_looked_after_once_in_their_time(ledger: Ledger) -> None:
    days = Days(ledger, QuarantineSettings(keep_days=30, max_gigabytes=2))
    days.upkeep.purge_if_due()
    days.upkeep.purge_if_due()
    days.quarantine.purge.assert_called_once_with(30, 2_000_000_000)
    days.now += PAUSES.purge
    days.upkeep.purge_if_due()
    assert days.quarantine.purge.call_count == 2


def test_an_idle_model_rests_and_is_tried_unless_a_picture_is_expected(ledger: Ledger) -> None:
    days = Days(ledger, QuarantineSettings())
    days.upkeep.note_work()
    days.upkeep.rest(expects_picture=False)
    assert not days.model.mock_calls
    days.now += max(PAUSES.let_workers_go, PAUSES.probe_model) + 1
    days.upkeep.rest(expects_picture=True)
    days.model.rest.assert_not_called()
    days.upkeep.rest(expects_picture=False)
    days.model.rest.assert_called_once_with()
    days.model.probe.assert_called_once_with()


def test_memory_is_given_back_once_after_work(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = Mock()
    monkeypatch.setattr(memory, "give_back", given_back)
    days = Days(ledger, QuarantineSettings())
    for _ in range(3):
        days.upkeep.give_back_memory()
        days.now += PAUSES.give_back_memory
    given_back.assert_called_once_with()
    days.upkeep.note_work()
    days.upkeep.give_back_memory()
    assert given_back.call_count == 2
