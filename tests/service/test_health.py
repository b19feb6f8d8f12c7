from __future__ import annotations

import pytest

from imgwatch.errors import MoveFailed, QuarantineGone
from imgwatch.health import Health


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_well_daemon_has_no_troubles() -> None:
    assert Health(Clock(), 10.0).troubles() == ()


def test_a_fault_that_lasts_is_one_line_and_its_end_another(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    health = Health(clock, 10.0)
    for _ in range(3):
        health.note_failed_turn(OSError("the disk is full"))
        health.expect_calm()
    health.note_good_turn()
    assert health.has_failed, "one turn that works may have written nothing"
    assert health.troubles() == ("the disk is full",)
    clock.now += 20.0
    health.note_good_turn()
    assert health.troubles() == ()
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "all pictures stay where they are; tried again every 10 s", "it works again",
    ]  # fmt: skip


def test_a_fault_without_words_is_named_by_its_type() -> None:
    health = Health(Clock(), 10.0)
    health.note_failed_turn(RecursionError())
    assert health.troubles() == ("RecursionError()",)


def test_moves_that_fail_and_work_again_are_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    health = Health(Clock(), 10.0)
    for _ in range(3):
        health.note_failed_move(MoveFailed("no room; make some", 28))
    assert health.troubles() == ("no room; make some",)
    assert not health.is_quarantine_gone
    health.note_good_move()
    health.note_good_move()
    assert health.troubles() == ()
    assert len(caplog.records) == 2
    health.note_failed_move(QuarantineGone("its disk is away", 2))
    assert health.is_quarantine_gone


def test_every_cause_has_its_sentence() -> None:
    health = Health(Clock(), 10.0)
    health.refused_model, health.watch_limit = "the new model is refused", "fs.inotify.max_user_watches"
    assert health.troubles() == (
        "the new model is refused",
        "inotify's limit fs.inotify.max_user_watches is reached: folders are scanned instead",
    )


def test_each_error_is_followed_by_a_line_about_the_same_cause(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    health = Health(clock, 10.0)
    health.note_failed_turn(OSError("the disk is full"))
    health.note_good_turn()
    health.note_failed_move(MoveFailed("no room", 28))
    health.note_good_move()
    health.note_failed_destination(MoveFailed("no room", 28))
    health.note_good_destination()
    causes = [(record.levelname, record.cause) for record in caplog.records]  # type: ignore[attr-defined]
    assert causes == [
        (level, cause) for cause in ("turn", "move", "destination") for level in ("ERROR", "WARNING")
    ]
