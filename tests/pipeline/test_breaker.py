"""The breaker: opens when too much is junk at once, in all or in one folder, and only then."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imgwatch.breaker import Breaker
from imgwatch.settings import BreakerSettings as Limits

INBOX = Path("/inbox")


def noted(breaker: Breaker, verdicts: str, folder: Path = INBOX) -> list[str | None]:
    """Note verdicts: j for junk, anything else for normal."""
    return [breaker.note(folder / str(number), verdict == "j") for number, verdict in enumerate(verdicts)]


def test_it_opens_when_the_share_of_the_window_is_reached() -> None:
    breaker = Breaker(Limits(window=10, share=0.5))
    assert noted(breaker, "jnjnjnjn") == [None] * 8
    assert noted(breaker, "jn")[1] == "5 of the last 10 pictures would be quarantined"
    assert breaker.is_open


def test_it_stays_closed_below_the_share() -> None:
    breaker = Breaker(Limits(window=10, share=0.5))
    assert set(noted(breaker, "jnnjnnjnnn" * 50)) == {None}


def test_a_folder_that_turns_junk_opens_it_although_others_are_normal() -> None:
    breaker = Breaker(Limits(window=10, share=0.5))
    why = None
    for number in range(5):
        noted(breaker, "nnnn", Path("/others"))
        why = breaker.note(Path("/scanner", str(number)), True)
    assert why == "the last 5 pictures in /scanner would all be quarantined"


def test_one_normal_picture_in_the_folder_breaks_the_run() -> None:
    breaker = Breaker(Limits(window=100, share=0.1))
    assert set(noted(breaker, "jjjjjjjjjn" * 9)) == {None}


def test_it_says_why_once() -> None:
    breaker = Breaker(Limits(window=4, share=0.5))
    assert [why for why in noted(breaker, "j" * 20) if why] == [
        "the last 2 pictures in /inbox would all be quarantined"
    ]


def test_closed_it_begins_anew_and_does_not_count_what_the_user_has_looked_at() -> None:
    breaker = Breaker(Limits(window=4, share=0.5))
    noted(breaker, "jjjj")
    breaker.close()
    breaker.excuse([INBOX / "0", INBOX / "1", INBOX / "2"])
    assert noted(breaker, "jjj") == [None] * 3
    assert not breaker.is_open
    noted(breaker, "jj")
    assert breaker.is_open


@given(st.lists(st.booleans()), st.integers(1, 20), st.floats(0.05, 1))
def test_it_never_opens_without_enough_junk(verdicts: list[bool], window: int, share: float) -> None:
    breaker = Breaker(Limits(window=window, share=share))
    for number, verdict in enumerate(verdicts):
        breaker.note(INBOX / str(number), verdict)
    if breaker.is_open:
        assert sum(verdicts) >= share * window
