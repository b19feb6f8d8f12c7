"""A companion that comes after its picture was moved on to the folder for its kind follows it there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import bright
from imgwatch.commands.late_companions import bring_late, late_companions
from imgwatch.decisions import Decisions
from imgwatch.errors import BeingWritten, Changed, MoveFailed, MoveRefused, QuarantineError
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import Event, FileState, ReviewState
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.scan import Scope
from imgwatch.settings import Settings, checked

WEEK = 7 * 86_400


class Sorted:
    """An inbox from which one picture, a.jpg, was moved on to a folder, with one companion."""

    def __init__(self, folder: Path, judge: Judge, ledger: Ledger) -> None:
        self.inbox, self.there = folder / "inbox", folder / "sorted"
        self._judge, self.ledger = judge, ledger
        self.inbox.mkdir()
        self.quarantine = Quarantine(folder / "quarantine", [self.inbox])
        self.pipeline = self.opened()
        picture = bright(self.inbox / "a.jpg")
        (self.inbox / "a.xmp").write_bytes(b"sidecar")
        list(self.pipeline.run([picture]))
        assert names(self.there) == ["a.jpg", "a.xmp"]

    def opened(self) -> Pipeline:
        """Return the pipeline of a process that begins."""
        tree = {
            "watch": [{"path": str(self.inbox)}],
            "kinds": {"stranger": {"action": "move", "to": str(self.there)}},
            "mode": "quarantine",
        }
        policy = Policy.of(checked(tree, Settings), lambda _: False)
        return Pipeline(lambda: self._judge, self.quarantine, self.ledger, policy)

    def late(self, name: str = "a.aae") -> Path:
        path = self.inbox / name
        path.write_bytes(name.encode())
        return path

    def state(self) -> ReviewState:
        return self.quarantine.review_state(next(self.quarantine.history()).record)


@pytest.fixture
def moved(tmp_path: Path, model_file: Path, ledger: Ledger) -> Iterator[Sorted]:
    with Judge(Scorer(model_file), None, Limits()) as judge:
        yield Sorted(tmp_path, judge, ledger)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_it_follows_under_the_same_record_and_comes_back_with_its_picture(moved: Sorted) -> None:
    late, elsewhere = moved.late(), moved.late("b.aae")
    assert moved.pipeline.mover.awaits(late)
    assert not moved.pipeline.mover.awaits(elsewhere)
    assert moved.pipeline.follow(late)
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]
    assert (moved.there / "a.aae").read_bytes() == b"a.aae"
    assert moved.state() is ReviewState.MOVED
    assert list(moved.quarantine.list()) == []
    assert moved.ledger.counts.totals() == {"judged": 1, "quarantined": 1, "moved": 1, "joined": 1}
    events = [entry.event for entry in moved.quarantine.history()]
    assert events == [Event.QUARANTINED, Event.MOVED, Event.RECALLED, Event.JOINED, Event.MOVED]
    [item] = moved.quarantine.moved()
    Decisions(moved.quarantine, moved.ledger).restore(item.record)
    assert names(moved.inbox) == ["a.aae", "a.jpg", "a.xmp", "b.aae"]
    assert names(moved.there) == []
    assert not moved.pipeline.mover.awaits(late), "its picture is beside it"


def test_one_after_another_follows(moved: Sorted) -> None:
    for name in ("a.aae", "a.jpg.json", "a.mov"):
        assert moved.pipeline.follow(moved.late(name))
    assert names(moved.there) == ["a.aae", "a.jpg", "a.jpg.json", "a.mov", "a.xmp"]
    assert names(moved.inbox) == []


def test_nothing_is_overwritten_there(moved: Sorted) -> None:
    (moved.there / "a.aae").write_bytes(b"another")
    moved.pipeline.follow(moved.late())
    assert names(moved.there) == ["a-2.aae", "a-2.jpg", "a-2.xmp", "a.aae"]
    assert (moved.there / "a.aae").read_bytes() == b"another"


@pytest.mark.parametrize("name", ["a.jpg", "a.xmp"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_it_stays_where_something_was_changed_there(moved: Sorted, name: str, is_gone: bool) -> None:
    if is_gone:
        (moved.there / name).unlink()
    else:
        (moved.there / name).write_bytes(b"edited")
    before, late = names(moved.there), moved.late()
    assert moved.pipeline.follow(late)
    assert (names(moved.inbox), names(moved.there)) == (["a.aae"], before)
    known = moved.ledger.known(late)
    assert known is not None
    assert known.state is FileState.OTHER
    assert moved.state() is ReviewState.MOVED


def test_a_second_one_of_the_same_name_stays(moved: Sorted) -> None:
    assert moved.pipeline.follow(moved.late("a.xmp"))
    assert (moved.there / "a.xmp").read_bytes() == b"sidecar"
    assert (names(moved.inbox), names(moved.there)) == (["a.xmp"], ["a.jpg", "a.xmp"])


def test_its_picture_stays_there_while_it_is_written(moved: Sorted) -> None:
    late = moved.late()
    [item] = moved.quarantine.moved()
    with late.open("ab"):
        assert not moved.pipeline.follow(late), "it is tried again"
        with pytest.raises(BeingWritten):
            moved.quarantine.recall(item, late)
        assert moved.quarantine.moved() == [item]
    assert moved.pipeline.follow(late)
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]


def test_it_waits_for_a_folder_that_is_away(moved: Sorted) -> None:
    late, away = moved.late(), moved.there.with_name("unplugged")
    moved.there.rename(away)
    assert moved.pipeline.follow(late)
    assert moved.ledger.known(late) is None, "the next scan asks again"
    away.rename(moved.there)
    assert moved.pipeline.follow(late)
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]


def test_a_film_of_another_week_is_another_shot(moved: Sorted) -> None:
    film, sidecar = moved.late("a.mov"), moved.late()
    at = film.stat().st_mtime + WEEK + 60
    for path in (film, sidecar):
        os.utime(path, (at, at))
    assert not moved.pipeline.mover.awaits(film)
    assert moved.pipeline.mover.awaits(sidecar)


def test_a_file_beside_a_new_picture_of_that_name_belongs_to_it(moved: Sorted) -> None:
    bright(moved.inbox / "a.jpg")
    assert not moved.pipeline.mover.awaits(moved.late())


def test_one_that_a_second_picture_shares_belongs_to_neither(moved: Sorted) -> None:
    list(moved.pipeline.run([bright(moved.inbox / "a.png")]))
    assert names(moved.there) == ["a.jpg", "a.png", "a.xmp"]
    assert not moved.pipeline.mover.awaits(moved.late("a.xmp"))


def test_what_broke_off_after_its_picture_came_back_is_ended_by_the_next_process(moved: Sorted) -> None:
    late = moved.late()
    [item] = moved.quarantine.moved()
    moved.quarantine.recall(item, late)  # and no more: killed
    assert names(moved.there) == []
    assert moved.quarantine.purge(max_bytes=0) == [], "no limit takes what is on its way"
    moved.opened().mover.move_on_left()
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]
    assert moved.state() is ReviewState.MOVED


@pytest.mark.parametrize(
    "fault",
    [
        MoveFailed("No space left on device", 28),
        BeingWritten("it is open"),
        Changed("it is another"),
        MoveRefused("it has become a folder"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_where_it_cannot_join_its_picture_goes_on_again(
    moved: Sorted, monkeypatch: pytest.MonkeyPatch, fault: QuarantineError
) -> None:
    def refuse(*_: object) -> None:
        raise fault

    late = moved.late()
    moved.pipeline.mover.move_on_left()
    assert not moved.pipeline.mover.has_left
    with monkeypatch.context() as patch:
        patch.setattr("imgwatch.quarantine.operations.move_companion_in", refuse)
        moved.pipeline.follow(late)
    assert (names(moved.inbox), names(moved.there)) == (["a.aae"], [])
    assert moved.pipeline.mover.has_left
    moved.pipeline.mover.move_on_left()
    assert names(moved.there) == ["a.jpg", "a.xmp"]
    assert moved.pipeline.follow(late)
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]


def test_a_rescan_brings_those_that_lie_there(moved: Sorted, capsys: pytest.CaptureFixture[str]) -> None:
    late, scope = moved.late(), Scope(moved.inbox)
    moved.late("b.aae")
    mover = moved.opened().mover
    assert late_companions(mover, [scope]) == [late]
    bring_late(mover, [scope], as_json=False)
    assert capsys.readouterr().out == "1 late companion moved after the picture.\n"
    assert names(moved.there) == ["a.aae", "a.jpg", "a.xmp"]
    assert names(moved.inbox) == ["b.aae"]


def test_what_was_moved_is_known_from_new_lines_and_from_another_log(moved: Sorted, tmp_path: Path) -> None:
    late = moved.late()
    [line] = moved.quarantine.moved_beside(late).values()
    [item] = moved.quarantine.moved()
    assert moved.quarantine.read_moved(line) == item
    moved.quarantine.take_back(item)
    assert moved.quarantine.moved_beside(late) == {}
    shutil.move(tmp_path / "quarantine", tmp_path / "other")
    assert moved.quarantine.read_moved(line) is None
    assert moved.quarantine.moved_beside(late) == {}
