"""Restoring a copy instead of the picture that was kept, which goes into quarantine: for shell and gallery.

Never do both go: the copy is back before the other picture is moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from imgwatch.decisions import Decided, Decisions
from imgwatch.duplicates.ranking import Because
from imgwatch.errors import Conflict, ImgwatchError, InputMissing, UsageError, shown
from imgwatch.files import Identity
from imgwatch.judgement import Figure, Judgement, Reason, ReasonCode, path_figure
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import ReviewState
from imgwatch.picture.companions import lying_beside
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.scan import identity_of

_SWAPPED = {
    "width": "kept_width", "height": "kept_height", "kept_width": "width", "kept_height": "height",
}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A picture that was kept because others were copies of it: the version that lies there, and its companions."""

    path: Path
    identity: Identity
    companions: Sequence[str]

    def judged_a_copy_of(self, record: Record, path: Path) -> Judgement:
        """Return its judgement for a record once it gives way to the copy of this record, restored to `path`."""
        figures = dict(record.judgement.reason.figures)
        swapped = {ours: figures[theirs] for ours, theirs in _SWAPPED.items() if theirs in figures}
        known: dict[str, Figure] = {"kept": path_figure(path), "because": str(Because.CHOSEN), "exact": False}
        return msgspec.structs.replace(
            record.judgement, reason=Reason(ReasonCode.DUPLICATE, swapped | known), sha256=None
        )


class Replaced(NamedTuple):
    """What was done, in the order in which it is undone, and the fault for which the kept picture stays, too."""

    steps: list[Decided]
    fault: ImgwatchError | None


def is_copy(record: Record) -> bool:
    """Return whether a picture is in quarantine as a copy of another one."""
    return record.judgement.reason.code is ReasonCode.DUPLICATE


def kept_path(record: Record) -> Path:
    """Return where the picture lay that was kept instead of a copy."""
    return Path(str(record.judgement.reason.figures.get("kept", "")))


def kept_picture(record: Record, ledger: Ledger, *, with_companions: bool) -> Kept | None:
    """Return the picture that was kept instead of a copy; None if it is gone, or unknown to the ledger."""
    path = kept_path(record)
    is_known = ledger.signatures.knows(path) or ledger.known(path) is not None
    identity = identity_of(path) if is_known else None
    return None if identity is None else Kept(path, identity, lying_beside(path) if with_companions else [])


def why_not_replaceable(record: Record) -> str | None:
    """Return why a copy cannot be kept instead of the other picture; None if it can."""
    figures = record.judgement.reason.figures
    if not is_copy(record):
        return "it is not a copy"
    if figures.get("exact"):
        return "both files have the same bytes"
    if figures.get("because") == Because.REFERENCE:
        return "the picture that was kept lies in a reference folder, which is never touched"
    return None


def require_replaceable(record: Record, kept: Kept | None) -> Kept:
    """Return the kept picture if a copy can be kept instead of it. Raises UsageError, Conflict, InputMissing."""
    way_out = "`imgwatch quarantine restore` restores it alone"
    reason = why_not_replaceable(record)
    if reason is not None:
        kind = Conflict if is_copy(record) else UsageError
        raise kind(f"{shown(record.original)}: nothing can give way to it, as {reason}; {way_out}")
    if kept is None:
        raise InputMissing(f"{shown(kept_path(record))} was kept, and is no longer there; {way_out}")
    return kept


def restore_instead(
    decisions: Decisions, record: Record, kept: Kept, expected: ReviewState | None = None
) -> Replaced:
    """Restore a copy, then move the picture that was kept into quarantine; if that fails, both stay.

    Raises what `Decisions.restore` raises, and then has changed nothing.
    """
    copy = decisions.restore(record, expected=expected)
    assert copy.restored_to is not None
    judgement = kept.judged_a_copy_of(copy.record, copy.restored_to)
    try:
        return Replaced(
            [decisions.take_out(kept.path, kept.identity, judgement, kept.companions), copy], None
        )
    except ImgwatchError as fault:
        return Replaced([copy], fault)


def steps_to_undo(decisions: Decisions, quarantine: Quarantine) -> list[Decided]:
    """Return the last decision, and before it what is undone with it: that of the picture that gave way.

    Empty if there is none. An exchange that was undone is passed over, as none of its two moves stands any more.
    """
    for decided in decisions.undoable():
        if decided.restored_to is None or not is_copy(decided.record):
            return [decided]
        exchanged = [record for record in quarantine.list() if _were_exchanged(decided, record)]
        if not gave_way(decided.record):
            other = [record for record in exchanged if gave_way(record)][-1:]
            return [*(Decided(record, ReviewState.RESTORED) for record in other), decided]
        if not exchanged:
            return [decided]
    return []


def gave_way(record: Record) -> bool:
    """Return whether a picture is in quarantine because the user chose a copy of it instead."""
    return record.judgement.reason.figures.get("because") == Because.CHOSEN


def _were_exchanged(restored: Decided, record: Record) -> bool:
    """Return whether a picture in quarantine is the other half of the exchange that this restore belongs to."""
    assert restored.restored_to is not None
    is_from_there = path_figure(Path(record.original)) == str(kept_path(restored.record))
    names_it = str(kept_path(record)) == path_figure(restored.restored_to)
    return is_copy(record) and is_from_there and names_it
