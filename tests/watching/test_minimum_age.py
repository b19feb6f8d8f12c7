"""A file is held back until it is old enough, and asked for once it is."""

from __future__ import annotations

import os
from pathlib import Path

from imgwatch.watching import minimum_age
from imgwatch.watching.minimum_age import MinimumAge, seconds_until

DAY = 86400.0


def test_age_counts_from_when_the_file_came_whatever_its_date(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.touch()
    os.utime(path, (1, 1))
    came = path.lstat().st_ctime
    assert seconds_until(path, DAY, came + 1) == DAY - 1
    assert seconds_until(path, DAY, came + DAY) == 0
    assert seconds_until(path, DAY, came - 5 * DAY) == DAY, "the clock was set back"
    assert seconds_until(path, 0, came) == 0
    assert seconds_until(tmp_path / "gone.jpg", DAY, came) == 0


def test_what_is_held_back_is_taken_when_it_is_old_enough(tmp_path: Path) -> None:
    clock, path = [100.0], tmp_path / "a.jpg"
    path.touch()
    age = MinimumAge(DAY, lambda: clock[0], lambda: path.lstat().st_ctime)
    assert age.holds_back(path)
    assert age.next_due() == 100 + DAY
    assert age.take_due() == []
    clock[0] += DAY
    assert age.take_due() == [path]
    assert (age.take_due(), age.next_due()) == ([], None)


def test_of_very_many_a_scan_finds_the_rest(tmp_path: Path) -> None:
    clock, path = [0.0], tmp_path / "a.jpg"
    path.touch()
    age = MinimumAge(DAY, lambda: clock[0], lambda: path.lstat().st_ctime)
    assert all(age.holds_back(path) for _ in range(minimum_age._MOST + 1))
    assert not age.take_left_out()
    clock[0] += DAY
    assert len(age.take_due()) == minimum_age._MOST
    assert age.take_left_out()
    assert not age.take_left_out()
