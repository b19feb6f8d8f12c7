"""Times that no calendar of Python has are shown as the nearest date, in every time zone."""

from __future__ import annotations

import time

import pytest

from imgwatch.dates import local_time


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("seconds", "year"), [(-(2.0**62), 1), (2.0**62, 9999), (float("inf"), 9999), (1_800_000_000.0, 2027)]
)
def test_any_time_is_a_date(monkeypatch: pytest.MonkeyPatch, zone: str, seconds: float, year: int) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        shown = local_time(seconds)
    time.tzset()
    assert shown.year == year
    assert shown.tzinfo is not None
