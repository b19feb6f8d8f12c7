"""What the user decides about a picture in quarantine, done in both places that must know: quarantine and ledger.

The quarantine's log is the authority; the ledger counts it and is spared a second judgement.
"""

from __future__ import annotations

import time
from pathlib import Path

from imgwatch.files import Identity
from imgwatch.ledger import Ledger, Row, State
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.history import Entry
from imgwatch.quarantine.journal import Event
from imgwatch.quarantine.record import Record


def restore(quarantine: Quarantine, ledger: Ledger, which: str | Record, to: Path | None = None) -> Path:
    """Put a picture back and give its path; the ledger knows it as kept, so that it is not judged again.

    Raises what `Quarantine.restore` raises; then nothing has changed.
    """
    path = quarantine.restore(which, to)
    try:
        identity = Identity.of(path.lstat())
    except FileNotFoundError:  # taken away by somebody at once
        return path
    ledger.remember([Row(path, identity, State.KEPT)], time.time())
    count_history(quarantine, ledger)
    return path


def take_back(quarantine: Quarantine, ledger: Ledger, record: Record, path: Path) -> Record:
    """Undo a restore: the picture at `path` goes into quarantine again, under a new record, which is given.

    Raises what `Quarantine.take_back` raises; then nothing has changed.
    """
    again = quarantine.take_back(record, path)
    ledger.forget([path])
    count_history(quarantine, ledger)
    return again


def last_decision(quarantine: Quarantine) -> Entry | None:
    """Give the last verdict of the user's that can be undone and has not been: a restore, the bin, or later."""
    standing: dict[str, Entry] = {}
    for entry in quarantine.history():
        if entry.event in (Event.RESTORED, Event.BINNED, Event.POSTPONED):
            standing.pop(entry.record.id, None)  # the latest comes last
            standing[entry.record.id] = entry
        elif entry.event is Event.QUARANTINED:
            for undone in [i for i, e in standing.items() if e.record.sha256 == entry.record.sha256]:
                del standing[undone]
        else:
            standing.pop(entry.record.id, None)
    return next(reversed(standing.values()), None)


def count_history(quarantine: Quarantine, ledger: Ledger) -> None:
    """Take into the ledger what the quarantine's log has had added, by whatever process."""
    log = quarantine.log_name()
    if log is None:
        return
    since = ledger.log_offset(log)
    events, offset = quarantine.events_since(since)
    if events:
        counted = ((entry.event, entry.at.timestamp()) for entry in events)
        ledger.count_events(log, counted, since, offset)
