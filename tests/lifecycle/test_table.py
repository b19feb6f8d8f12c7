"""The table of transitions, and the reducer that follows it, as pure values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgwatch.lifecycle import (
    DESCRIPTIONS,
    TRANSITIONS,
    Event,
    FileEvent,
    FileState,
    Happening,
    Reducer,
    ReviewState,
    Teaching,
    after,
    file_after,
)

GONE = [state for state in ReviewState if not state.is_in_quarantine]
ONE, TWO = "a" * 64, "b" * 64


def reduced(*lines: tuple[Event, str] | tuple[Event, str, str]) -> Reducer:
    reducer = Reducer()
    for event, record_id, *digest in lines:
        reducer.note(Happening(event, record_id, digest[0] if digest else ONE))
    return reducer


def test_every_state_is_described_and_can_be_reached() -> None:
    states = [*FileState, *ReviewState]
    assert set(DESCRIPTIONS) == set(states)
    assert set(TRANSITIONS.values()) | {FileState.UNSEEN} == set(states)


def test_every_event_leads_somewhere_but_a_withdrawal_which_leads_back() -> None:
    assert {event for _, event in TRANSITIONS} == {*FileEvent, *Event} - {Event.WITHDRAWN}


def test_only_what_was_moved_on_comes_back_to_the_quarantine() -> None:
    follows = {(state, event) for state, event in TRANSITIONS if state in GONE}
    assert follows == {(ReviewState.MOVED, Event.TAKEN_BACK), (ReviewState.MOVED, Event.RECALLED)}


def test_an_event_that_cannot_follow_is_an_error() -> None:
    assert file_after(FileEvent.JUDGED_JUNK) is FileState.PENDING
    assert after(FileState.PENDING, Event.QUARANTINED) is ReviewState.OPEN
    with pytest.raises(ValueError, match="quarantined cannot follow in state kept"):
        after(FileState.KEPT, Event.QUARANTINED)


EVENTS = st.sampled_from([event for event in Event if event is not Event.WITHDRAWN])
LINES = st.lists(st.tuples(EVENTS, st.sampled_from("pqr"), st.sampled_from([ONE, TWO])), max_size=25)


@given(LINES)
def test_the_reducer_follows_the_table(lines: list[tuple[Event, str, str]]) -> None:
    reducer, states = Reducer(), dict[str, ReviewState]()
    for event, record_id, digest in lines:
        before = states.get(record_id)
        begins = event is Event.QUARANTINED and before is None
        follows = begins or (before or ReviewState.OPEN, event) in TRANSITIONS
        assert reducer.note(Happening(event, record_id, digest)) == follows
        if follows and event is Event.QUARANTINED:
            states[record_id] = ReviewState.OPEN
        elif follows:
            following = TRANSITIONS[before or ReviewState.OPEN, event]
            assert isinstance(following, ReviewState)
            states[record_id] = following
        assert reducer.state(record_id) is states.get(record_id, ReviewState.OPEN)


@given(LINES, st.tuples(EVENTS, st.sampled_from("pqr"), st.sampled_from([ONE, TWO])))
def test_a_line_that_is_withdrawn_has_never_been(
    lines: list[tuple[Event, str, str]], last: tuple[Event, str, str]
) -> None:
    withdrawn, plain = reduced(*lines), reduced(*lines)
    if withdrawn.note(Happening(*last)):
        assert withdrawn.note(Happening(Event.WITHDRAWN, last[1], last[2]))
    for digest in (ONE, TWO):
        assert withdrawn.teaching(digest) is plain.teaching(digest)
        assert withdrawn.is_restored(digest) == plain.is_restored(digest)
    for record_id in "pqr":
        assert withdrawn.state(record_id) is plain.state(record_id)
    assert bool(withdrawn.decisions()) == bool(plain.decisions())


def test_what_deletes_at_once_teaches_what_the_bin_teaches() -> None:
    assert reduced((Event.QUARANTINED, "p"), (Event.DELETED, "p")).teaching(ONE) is Teaching.JUNK
    assert reduced((Event.QUARANTINED, "p"), (Event.BINNED, "p")).teaching(ONE) is Teaching.JUNK
    assert reduced((Event.QUARANTINED, "p"), (Event.PURGED, "p")).teaching(ONE) is None


def test_a_copy_of_what_was_deleted_leaves_it_taught_and_an_undone_restore_does_not() -> None:
    deleted = reduced((Event.QUARANTINED, "p"), (Event.BINNED, "p"), (Event.QUARANTINED, "q"))
    assert deleted.teaching(ONE) is Teaching.JUNK
    restored = reduced((Event.QUARANTINED, "p"), (Event.RESTORED, "p"), (Event.QUARANTINED, "q"))
    assert restored.teaching(ONE) is None
    assert not restored.is_restored(ONE)


def test_deleting_another_copy_of_what_was_restored_does_not_have_it_quarantined_again() -> None:
    lines = ((Event.QUARANTINED, "p"), (Event.QUARANTINED, "q"), (Event.RESTORED, "p"), (Event.DELETED, "q"))
    reducer = reduced(*lines)
    assert reducer.is_restored(ONE)
    assert reducer.teaching(ONE) is Teaching.JUNK, "the last word counts for what is taught"


def test_the_latest_decision_that_still_stands_comes_first() -> None:
    lines = [
        (Event.QUARANTINED, "p"),
        (Event.QUARANTINED, "q", TWO),
        (Event.BINNED, "p"),
        (Event.POSTPONED, "q", TWO),
    ]
    binned, postponed = Happening(Event.BINNED, "p", ONE), Happening(Event.POSTPONED, "q", TWO)
    assert reduced(*lines).decisions() == [postponed, binned]
    assert reduced(*lines, (Event.REOPENED, "q", TWO)).decisions() == [binned]
    assert reduced(*lines, (Event.DELETED, "p")).decisions() == [postponed]
    undone = reduced((Event.QUARANTINED, "p"), (Event.RESTORED, "p"), (Event.QUARANTINED, "r"))
    assert undone.decisions() == []
