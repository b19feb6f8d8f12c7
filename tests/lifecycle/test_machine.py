"""Whatever is done to a real quarantine, by two programs at once, it stands where the table says."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from hypothesis.strategies import booleans, sampled_from

from conftest import picture_bytes
from imgwatch.decisions import Decided, Decisions
from imgwatch.errors import DecidedMeanwhile, RecordMissing
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import TRANSITIONS, Event, ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.scan import identity_of

JUNK = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)
MARKS = {
    Event.BINNED: ReviewState.BINNED,
    Event.POSTPONED: ReviewState.LATER,
    Event.REOPENED: ReviewState.OPEN,
}


class TwoPrograms(RuleBasedStateMachine):
    """A shell and a gallery decide about the pictures of one folder; `states` follows the table beside them."""

    pictures = Bundle("pictures")
    decided = Bundle("decided")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.ledger = Ledger(root / "ledger.sqlite")
        self.quarantines = [Quarantine(root / "quarantine", [self.inbox]) for _ in range(2)]
        self.states: dict[str, ReviewState] = {}
        self.dropped = 0
        self.number = 0

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    def drop(self) -> Path:
        path = self.inbox / f"{self.number}.png"
        self.number += 1
        path.write_bytes(picture_bytes(200))
        self.dropped += 1
        return path

    def decisions(self, other: bool) -> Decisions:
        return Decisions(self.quarantines[other], self.ledger)

    def follow(self, record_id: str, event: Event) -> bool:
        """Follow the table; return whether it allows the event."""
        following = TRANSITIONS.get((self.states[record_id], event))
        if following is None:
            return False
        assert isinstance(following, ReviewState)
        self.states[record_id] = following
        return True

    @rule(target=pictures, other=booleans())
    def quarantine(self, other: bool) -> str:
        path = self.drop()
        identity = identity_of(path)
        assert identity is not None
        record = self.quarantines[other].quarantine(path, identity, JUNK)
        self.states[record.id] = ReviewState.OPEN
        return record.id

    @rule(
        target=decided, which=pictures, event=sampled_from(sorted(MARKS)), other=booleans(), seen=booleans()
    )
    def mark(self, which: str, event: Event, other: bool, seen: bool) -> object:
        state = self.states[which]
        expected = state if seen and state.is_in_quarantine else None
        try:
            done = self.decisions(other).mark(which, MARKS[event], expected)
        except RecordMissing:
            assert not state.is_in_quarantine
            return multiple()
        assert done.before is state
        assert self.follow(which, event)
        return done

    @rule(target=decided, which=pictures, other=booleans())
    def restore(self, which: str, other: bool) -> object:
        try:
            done = self.decisions(other).restore(which)
        except RecordMissing:
            assert not self.states[which].is_in_quarantine
            return multiple()
        assert self.follow(which, Event.RESTORED)
        return done

    @rule(target=pictures, other=booleans(), is_broken_off=booleans())
    def move(self, other: bool, is_broken_off: bool) -> str:
        path = self.drop()
        identity = identity_of(path)
        assert identity is not None
        quarantine = self.quarantines[other]
        record = quarantine.quarantine(path, identity, JUNK, destination=self.inbox.parent / "sorted")
        self.states[record.id] = ReviewState.OPEN
        assert record.id in {one.id for one in quarantine.on_the_way()}
        if not is_broken_off:
            self.move_on(record.id, other)
        return record.id

    @rule(which=pictures, other=booleans())
    def move_on(self, which: str, other: bool) -> None:
        try:
            self.quarantines[other].move_on(which)
        except (RecordMissing, DecidedMeanwhile):
            return
        assert self.follow(which, Event.MOVED)

    @rule(target=decided, which=pictures, other=booleans())
    def restore_what_was_moved(self, which: str, other: bool) -> object:
        moved = [one.record for one in self.quarantines[other].moved() if one.record.id == which]
        assert bool(moved) == (self.states[which] is ReviewState.MOVED)
        if not moved:
            return multiple()
        done = self.decisions(other).restore(moved[0])
        assert self.follow(which, Event.TAKEN_BACK)
        assert self.follow(which, Event.RESTORED)
        return done

    @rule(which=pictures, other=booleans(), is_broken_off=booleans())
    def recall_for_what_came_later(self, which: str, other: bool, is_broken_off: bool) -> None:
        moved = self.quarantines[other].find_moved(which)
        if moved is None or moved.record.companions:
            return
        sidecar = Path(moved.record.original).with_suffix(".xmp")
        sidecar.write_bytes(b"x")
        hint = self.quarantines[other].moved_beside(sidecar)
        assert self.quarantines[other].read_moved(hint[Path(moved.record.original).name]) == moved
        record = self.quarantines[other].recall(moved, sidecar)
        assert self.follow(which, Event.RECALLED)
        assert self.follow(which, Event.JOINED)
        assert record.id in {one.id for one in self.quarantines[other].on_the_way()}
        assert not sidecar.exists()
        if not is_broken_off:
            self.move_on(which, other)

    @rule(which=pictures, stale=sampled_from(list(ReviewState)), other=booleans())
    def restore_what_was_seen_otherwise(self, which: str, stale: ReviewState, other: bool) -> None:
        state = self.states[which]
        if stale is state:
            return
        with suppress(RecordMissing):
            try:
                self.decisions(other).restore(which, expected=stale)
            except DecidedMeanwhile:
                return
            raise AssertionError("restored although it was not as it had been seen")
        assert not state.is_in_quarantine

    @rule(which=pictures, other=booleans())
    def delete_at_once(self, which: str, other: bool) -> None:
        try:
            self.decisions(other).delete(which)
        except RecordMissing:
            assert not self.states[which].is_in_quarantine
            return
        assert self.follow(which, Event.DELETED)

    @rule(other=booleans())
    def empty(self, other: bool) -> None:
        gone = {record.id for record in self.decisions(other).empty().deleted}
        assert gone == {i for i, state in self.states.items() if state is ReviewState.BINNED}
        assert all([self.follow(record_id, Event.DELETED) for record_id in gone])

    @rule(other=booleans())
    def purge_all(self, other: bool) -> None:
        on_the_way = {record.id for record in self.quarantines[other].on_the_way()}
        gone = {record.id for record in self.decisions(other).purge(None, 0)}
        in_limits = {i for i, s in self.states.items() if s in (ReviewState.OPEN, ReviewState.BINNED)}
        assert gone == in_limits - on_the_way
        assert all([self.follow(record_id, Event.PURGED) for record_id in gone])

    @rule(done=consumes(decided), other=booleans())
    def undo(self, done: Decided, other: bool) -> None:
        state = self.states[done.record.id]
        if done.restored_to is None and not state.is_in_quarantine:
            return
        record = self.decisions(other).undo(done)
        self.states[record.id] = done.before
        if done.restored_to and record.destination and done.before is ReviewState.OPEN:
            self.states[record.id] = ReviewState.MOVED

    @invariant()
    def both_programs_see_what_the_table_says(self) -> None:
        for quarantine in self.quarantines:
            listed = {record.id: quarantine.review_state(record) for record in quarantine.list()}
            listed |= {record.id: quarantine.review_state(record) for record in quarantine.binned()}
            assert listed == {i: state for i, state in self.states.items() if state.is_in_quarantine}
            assert quarantine.check() == []

    @invariant()
    def no_picture_is_lost(self) -> None:
        present = list(self.inbox.parent.rglob("*.png"))
        deleted = [s for s in self.states.values() if s in (ReviewState.DELETED, ReviewState.PURGED)]
        assert len(present) + len(deleted) == self.dropped


TwoPrograms.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestTwoPrograms = TwoPrograms.TestCase
