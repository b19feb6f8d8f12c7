from __future__ import annotations

from pathlib import Path

import pytest

from conftest import bright
from imgwatch.decisions import Decisions, count_history
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.quarantine import Quarantine
from imgwatch.scan import identity_of

JUNK = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)


def quarantined(quarantine: Quarantine, path: Path) -> str:
    identity = identity_of(bright(path))
    assert identity is not None
    return quarantine.quarantine(path, identity, JUNK).id


def test_the_log_is_counted_once_however_many_count_it(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "quarantine")
    first, second = (Ledger(tmp_path / "ledger.sqlite") for _ in range(2))
    quarantined(quarantine, tmp_path / "a.png")
    log = quarantine.log_name() or ""
    since = first.counts.log_offset(log)
    events, offset = quarantine.events_since(since)
    count_history(quarantine, second)
    first.counts.add_events(log, [(entry.event, entry.at.timestamp()) for entry in events], since, offset)
    count_history(quarantine, first)
    assert first.counts.totals() == {"quarantined": 1}
    for ledger in (first, second):
        ledger.close()


def test_a_restored_picture_is_known_as_kept(tmp_path: Path, ledger: Ledger) -> None:
    quarantine = Quarantine(tmp_path / "quarantine")
    which = quarantined(quarantine, tmp_path / "a.png")
    path = Decisions(quarantine, ledger).restore(which).restored_to
    assert path is not None
    identity = identity_of(path)
    known = ledger.known(path)
    assert identity is not None
    assert known is not None
    assert known.covers(identity)
    assert ledger.counts.totals() == {"quarantined": 1, "restored": 1}


def test_each_quarantine_s_log_is_counted_from_its_own_beginning(
    tmp_path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = Quarantine(tmp_path / "one"), Quarantine(tmp_path / "other")
    quarantined(one, tmp_path / "a.png")
    count_history(one, ledger)
    quarantined(other, tmp_path / ("long name" * 20 + ".png"))
    quarantined(other, tmp_path / "c.png")
    count_history(other, ledger)
    assert ledger.counts.totals() == {"quarantined": 3}
    count_history(one, ledger)
    (tmp_path / "other").rename(tmp_path / "moved")
    count_history(Quarantine(tmp_path / "moved"), ledger)
    assert ledger.counts.totals() == {"quarantined": 3}, "known by what is in it, not by where it lies"
    assert "not usable" not in caplog.text


def test_restored_companions_are_known_as_kept_and_forgotten_when_that_is_undone(
    tmp_path: Path, ledger: Ledger
) -> None:
    quarantine, decisions = Quarantine(tmp_path / "q"), Decisions(Quarantine(tmp_path / "q"), ledger)
    picture, raw = bright(tmp_path / "a.png"), tmp_path / "a.dng"
    raw.write_bytes(b"raw")
    identity = identity_of(picture)
    assert identity is not None
    record = quarantine.quarantine(picture, identity, JUNK, ["a.dng"])
    decided = decisions.restore(record, tmp_path / "to")
    restored = tmp_path / "to" / "a.dng"
    known = ledger.known(restored)
    assert known is not None
    assert known.state is FileState.KEPT
    decisions.undo(decided)
    assert ledger.known(restored) is None
    assert not restored.exists()


def test_a_restore_to_another_watched_folder_is_undone_from_there_by_any_process(
    tmp_path: Path, ledger: Ledger
) -> None:
    new = tmp_path / "new"
    quarantine = Quarantine(tmp_path / "q", [tmp_path / "old", new])
    which = quarantined(quarantine, tmp_path / "old" / "a.png")
    Decisions(quarantine, ledger).restore(which, new, below=Path("deep"))
    decisions = Decisions(Quarantine(tmp_path / "q", [new]), ledger)
    last = next(iter(decisions.undoable()), None)
    assert last is not None
    assert last.restored_to == new / "deep" / "a.png"
    assert decisions.undo(last).original == str(new / "deep" / "a.png")
