"""The life of a picture, written down once: its states, the events between them, and what the log adds up to. Pure.

A picture is a file first, known to the ledger, and then perhaps one in quarantine, known to the quarantine's log.
`TRANSITIONS` is the only table of what may follow what; docs/lifecycle.md shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeVar


class FileState(StrEnum):
    """Where one version of a file in a watched folder stands, as the ledger keeps it. What has no row is UNSEEN."""

    UNSEEN = "unseen"
    EXISTING = "existing"
    OTHER = "other"
    PASSED_OVER = "passed over"
    KEPT = "kept"
    UNREADABLE = "unreadable"
    REPORTED = "reported"
    KIND_KEPT = "kind kept"
    WAITING = "waiting"
    PENDING = "pending"
    HELD = "held"
    SET_ASIDE = "set aside"


class ReviewState(StrEnum):
    """Where a picture in quarantine stands with the user. The last four have left the quarantine."""

    OPEN = "open"
    LATER = "later"
    BINNED = "binned"
    MOVED = "moved"
    RESTORED = "restored"
    DELETED = "deleted"
    PURGED = "purged"

    @property
    def is_in_quarantine(self) -> bool:
        """Return whether the picture still lies in quarantine."""
        return self in (ReviewState.OPEN, ReviewState.LATER, ReviewState.BINNED)


class FileEvent(StrEnum):
    """What happens to a file in a watched folder."""

    PREEXISTED = "preexisted"
    NOT_A_PICTURE = "not a picture"
    FORMAT_NOT_READ = "format not read"
    JUDGED_NORMAL = "judged normal"
    FAILED_TO_DECODE = "failed to decode"
    JUDGED_JUNK = "judged junk"
    JUDGED_JUNK_IN_REPORT_MODE = "judged junk in report mode"
    JUDGED_JUNK_OF_A_KEPT_KIND = "judged junk of a kept kind"
    JUDGED_JUNK_AND_YOUNG = "judged junk and young"
    JUDGED_JUNK_WITH_OPEN_BREAKER = "judged junk with an open breaker"
    MOVE_REFUSED = "move refused"
    WAS_RESTORED_BEFORE = "was restored before"
    ORIGINAL_GONE = "original gone"  # of a copy
    CHANGED = "changed"
    TAKEN_UP_AGAIN = "taken up again"
    FAULTED = "faulted twice"


class Event(StrEnum):
    """What happens to a picture in quarantine, as the quarantine's log names it."""

    QUARANTINED = "quarantined"
    MOVED = "moved"  # on, to the folder that the config names for its kind
    TAKEN_BACK = "taken back"  # from there, as it was, for the user
    RECALLED = "recalled"  # from there, for what belongs to it and came later; both are moved on again
    RESTORED = "restored"
    DELETED = "deleted"
    PURGED = "purged"
    BINNED = "binned"  # this and the next two only note what the user wants; nothing moves
    POSTPONED = "postponed"
    REOPENED = "reopened"
    JOINED = "joined"  # something that belongs to it came later, and was moved after it
    WITHDRAWN = "withdrawn"  # the event before it, of the same picture, did not happen after all


Value = TypeVar("Value")
State = FileState | ReviewState
AnyEvent = FileEvent | Event

DESCRIPTIONS: Mapping[State, str] = MappingProxyType(
    {
        FileState.UNSEEN: "This version of the file is new, or was taken up again; it is judged when it has settled.",
        FileState.EXISTING: "The file lay there before the folder was first watched, and is left alone.",
        FileState.OTHER: "The file is not a picture, or belongs to one, and is left alone.",
        FileState.PASSED_OVER: "The file has a format that cannot be read here; it is looked at again once it can be.",
        FileState.KEPT: "The picture was judged normal, or was restored, and stays where it is.",
        FileState.UNREADABLE: "The picture could not be read, and stays; if the cause may pass, it is tried again.",
        FileState.REPORTED: "The picture was judged junk but stays: the config says `report`, or a move was refused.",
        FileState.KIND_KEPT: "The picture was judged junk of a kind that the config keeps, and stays.",
        FileState.WAITING: "The picture was judged junk, and stays until it reaches the age in the config.",
        FileState.PENDING: "The picture was judged junk and is about to be moved; a failed move is tried again.",
        FileState.HELD: "The picture was judged junk while the breaker was open, and stays until `imgwatch resume`.",
        FileState.SET_ASIDE: "The program failed on the file twice, and no longer looks at it.",
        ReviewState.OPEN: "The picture lies in quarantine, and nothing has been decided about it.",
        ReviewState.LATER: "The user wants to look at the picture again; no limit deletes it meanwhile.",
        ReviewState.BINNED: "The user deleted the picture; it can be taken out of the bin until the bin is emptied.",
        ReviewState.MOVED: "The picture lies in the folder that the config names for its kind.",
        ReviewState.RESTORED: "The picture is back where it came from, and is not quarantined again.",
        ReviewState.DELETED: "The user deleted the picture for good.",
        ReviewState.PURGED: "A limit that the user set deleted the picture for good.",
    }
)

_JUDGED: Mapping[AnyEvent, State] = MappingProxyType(
    {
        FileEvent.NOT_A_PICTURE: FileState.OTHER,
        FileEvent.FORMAT_NOT_READ: FileState.PASSED_OVER,
        FileEvent.JUDGED_NORMAL: FileState.KEPT,
        FileEvent.FAILED_TO_DECODE: FileState.UNREADABLE,
        FileEvent.JUDGED_JUNK: FileState.PENDING,
        FileEvent.JUDGED_JUNK_IN_REPORT_MODE: FileState.REPORTED,
        FileEvent.JUDGED_JUNK_OF_A_KEPT_KIND: FileState.KIND_KEPT,
        FileEvent.JUDGED_JUNK_AND_YOUNG: FileState.WAITING,
        FileEvent.JUDGED_JUNK_WITH_OPEN_BREAKER: FileState.HELD,
    }
)
_REVIEWED: Mapping[AnyEvent, State] = MappingProxyType(
    {
        Event.BINNED: ReviewState.BINNED,
        Event.POSTPONED: ReviewState.LATER,
        Event.REOPENED: ReviewState.OPEN,
        Event.RESTORED: ReviewState.RESTORED,
        Event.DELETED: ReviewState.DELETED,
        Event.PURGED: ReviewState.PURGED,
    }
)
_KNOWN = tuple(state for state in FileState if state is not FileState.UNSEEN)

TRANSITIONS: Mapping[tuple[State, AnyEvent], State] = MappingProxyType(
    {
        (FileState.UNSEEN, FileEvent.PREEXISTED): FileState.EXISTING,
        **{(FileState.UNSEEN, event): state for event, state in _JUDGED.items()},
        (FileState.UNSEEN, FileEvent.FAULTED): FileState.SET_ASIDE,
        (FileState.PENDING, FileEvent.MOVE_REFUSED): FileState.REPORTED,
        (FileState.PENDING, FileEvent.WAS_RESTORED_BEFORE): FileState.KEPT,
        (FileState.PENDING, FileEvent.ORIGINAL_GONE): FileState.KEPT,
        (FileState.PENDING, Event.QUARANTINED): ReviewState.OPEN,
        **{(state, FileEvent.CHANGED): FileState.UNSEEN for state in _KNOWN},
        **{(state, FileEvent.TAKEN_UP_AGAIN): FileState.UNSEEN for state in _KNOWN},
        **{
            (state, event): following
            for state in (ReviewState.OPEN, ReviewState.LATER, ReviewState.BINNED)
            for event, following in _REVIEWED.items()
        },
        **{
            (state, Event.JOINED): state
            for state in (ReviewState.OPEN, ReviewState.LATER, ReviewState.BINNED)
        },
        (ReviewState.OPEN, Event.MOVED): ReviewState.MOVED,
        (ReviewState.LATER, Event.MOVED): ReviewState.MOVED,
        (
            ReviewState.MOVED,
            Event.TAKEN_BACK,
        ): ReviewState.LATER,  # somebody wants it: no limit, no rule takes it
        (ReviewState.MOVED, Event.RECALLED): ReviewState.OPEN,  # on its way, as before it was moved on
    }
)


def after(state: State, event: AnyEvent) -> State:
    """Return the state that an event leads to. Raises ValueError where the table has no such transition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"{event} cannot follow in state {state}") from None


def file_after(event: FileEvent, state: FileState = FileState.UNSEEN) -> FileState:
    """Return the state of a file after something that leaves it in its folder."""
    following = after(state, event)
    assert isinstance(following, FileState)
    return following


class Teaching(StrEnum):
    """What a decision teaches the model in use and the next training."""

    JUNK = "junk"
    NORMAL = "normal"


# A picture deleted for good at once teaches what one in the bin teaches. What a limit deletes teaches nothing new.
TEACHES: Mapping[Event, Teaching] = MappingProxyType(
    {Event.BINNED: Teaching.JUNK, Event.DELETED: Teaching.JUNK, Event.RESTORED: Teaching.NORMAL}
)
# Quarantining a digest takes a restore of it back, but not a deletion: a second copy of junk is junk.
TAKES_BACK: Mapping[Event, Teaching] = MappingProxyType(
    {
        Event.QUARANTINED: Teaching.NORMAL,
        Event.POSTPONED: Teaching.JUNK,
        Event.REOPENED: Teaching.JUNK,
    }
)
_UNDOABLE = (Event.RESTORED, Event.BINNED, Event.POSTPONED)
_REMEMBERED_DECISIONS = 10_000


class Happening(NamedTuple):
    """One line of the log, as far as the reducer needs it."""

    event: Event
    id: str
    sha256: str


class _Before(NamedTuple):
    """What one line has changed, to be put back where the next line withdraws it."""

    event: Event
    id: str
    sha256: str
    state: ReviewState | None
    teaching: Teaching | None
    was_restored: bool
    decisions: dict[str, Happening]


class Reducer:
    """Folds the lines of a quarantine's log into what is known of each id and each digest."""

    def __init__(self, restored: Iterable[str] = ()) -> None:
        self._states: dict[str, ReviewState] = {}
        self._teachings: dict[str, Teaching] = {}
        self._restored = set(restored)  # digests; deleting another copy of one does not end that
        self._decisions: dict[str, Happening] = {}  # those that can be undone, the latest last
        self._before: _Before | None = None

    def note(self, line: Happening) -> bool:
        """Apply the next line. Return False, and change nothing, if it cannot follow those before it."""
        if line.event is Event.WITHDRAWN:
            return self._withdraw(line)
        state = self._states.get(line.id)
        if line.event is Event.QUARANTINED:
            following: State | None = ReviewState.OPEN if state is None else None
        else:
            following = TRANSITIONS.get((state or ReviewState.OPEN, line.event))  # its first line may be lost
        if not isinstance(following, ReviewState):
            return False
        teaching, was_restored = self._teachings.get(line.sha256), line.sha256 in self._restored
        undone = self._note_decision(line)
        self._before = _Before(line.event, line.id, line.sha256, state, teaching, was_restored, undone)
        self._states[line.id] = following
        self._note_teaching(line)
        return True

    def _note_teaching(self, line: Happening) -> None:
        teaching = TEACHES.get(line.event)
        if teaching is not None:
            self._teachings[line.sha256] = teaching
        elif self._teachings.get(line.sha256) is TAKES_BACK.get(line.event):
            self._teachings.pop(line.sha256, None)
        if line.event is Event.RESTORED:
            self._restored.add(line.sha256)
        elif line.event is Event.QUARANTINED:  # a restore that is undone, or another choice of the user
            self._restored.discard(line.sha256)

    def _note_decision(self, line: Happening) -> dict[str, Happening]:
        """Update the decisions that can be undone; return those that the line ends."""
        if line.event is Event.JOINED:
            return {}
        ended = [line.id] if line.id in self._decisions else []
        if line.event is Event.QUARANTINED and line.sha256 in self._restored:
            ended += [
                i
                for i, made in self._decisions.items()
                if made.event is Event.RESTORED and made.sha256 == line.sha256 and i != line.id
            ]
        gone = {record_id: self._decisions.pop(record_id) for record_id in ended}
        if line.event in _UNDOABLE:
            self._decisions[line.id] = line
            if len(self._decisions) > _REMEMBERED_DECISIONS:
                del self._decisions[next(iter(self._decisions))]
        return gone

    def _withdraw(self, line: Happening) -> bool:
        before = self._before
        if before is None or before.id != line.id:
            return False
        self._before = None
        if before.event in _UNDOABLE:
            self._decisions.pop(line.id, None)
        self._decisions |= before.decisions
        _put_back(self._states, before.id, before.state)
        _put_back(self._teachings, before.sha256, before.teaching)
        (self._restored.add if before.was_restored else self._restored.discard)(before.sha256)
        return True

    def state(self, record_id: str) -> ReviewState:
        """Return the review state of a picture; one without lines is open."""
        return self._states.get(record_id, ReviewState.OPEN)

    def teaching(self, sha256: str) -> Teaching | None:
        """Return what the user's decisions about this very picture teach, if anything."""
        return self._teachings.get(sha256)

    def is_restored(self, sha256: str) -> bool:
        """Return whether the user restored this very picture and has not undone that."""
        return sha256 in self._restored

    @property
    def restored(self) -> frozenset[str]:
        """The digests of all restored pictures."""
        return frozenset(self._restored)

    def decisions(self) -> list[Happening]:
        """Return the decisions that can be undone and have not been, the latest first."""
        return list(reversed(self._decisions.values()))


def _put_back(known: dict[str, Value], key: str, value: Value | None) -> None:
    if value is None:
        known.pop(key, None)
    else:
        known[key] = value
