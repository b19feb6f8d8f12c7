from __future__ import annotations

from imgwatch.timers import Alarm, Every


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_recurs_is_due_at_first_and_then_after_its_pause() -> None:
    clock = Clock()
    timer = Every(10.0, clock)
    assert timer.is_due()
    timer.restart()
    assert not timer.is_due()
    clock.now += 10.0
    assert timer.is_due()
    assert timer.is_due(), "until it is done"


def test_an_alarm_goes_off_once() -> None:
    clock = Clock()
    alarm = Alarm(10.0, clock)
    assert not alarm.goes_off()
    alarm.set()
    clock.now += 9.0
    assert not alarm.goes_off()
    clock.now += 1.0
    assert alarm.goes_off()
    assert not alarm.goes_off()
    alarm.set()
    alarm.set_now()
    assert alarm.goes_off()
