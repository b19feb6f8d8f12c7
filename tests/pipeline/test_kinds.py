"""Each kind of junk goes where the config says: kept, reported, quarantined, moved, now or later."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import bright, dark
from imgwatch.breaker import Breaker
from imgwatch.candidates import take_up_kinds
from imgwatch.decisions import Decisions
from imgwatch.errors import Changed, Conflict
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState, ReviewState
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.settings import BreakerSettings, Settings, checked

DAY = 86_400


@pytest.fixture
def judge(model_file: Path) -> Iterator[Judge]:
    with Judge(Scorer(model_file), None, Limits()) as opened:
        yield opened


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def quarantine(tmp_path: Path, inbox: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine", [inbox])


Opened = Callable[..., Pipeline]


@pytest.fixture
def pipeline(inbox: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger) -> Opened:
    """Return what makes a pipeline with this rule for what the model calls a stranger."""

    def opened(rule: Any, breaker: Breaker | None = None, **keys: Any) -> Pipeline:
        tree = {"watch": [{"path": str(inbox)}], "kinds": {"stranger": rule}, "mode": "quarantine"} | keys
        return Pipeline(
            lambda: judge, quarantine, ledger, Policy.of(checked(tree, Settings), lambda _: False), breaker
        )

    return opened


def to(folder: Path, **keys: Any) -> dict[str, Any]:
    return {"action": "move", "to": str(folder)} | keys


def states(pipeline: Pipeline, *paths: Path) -> list[FileState]:
    return [result.state for result in pipeline.run(paths)]


def aged(path: Path, days: float) -> Path:
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_kind_that_is_kept_stays_and_is_no_reason_for_the_breaker(
    inbox: Path, pipeline: Opened, ledger: Ledger
) -> None:
    breaker = Breaker(BreakerSettings(window=2, share=0.5))
    pictures = [bright(inbox / f"{n}.png") for n in range(4)]
    assert states(pipeline("keep", breaker), *pictures) == [FileState.KIND_KEPT] * 4
    assert not breaker.is_open
    assert names(inbox) == ["0.png", "1.png", "2.png", "3.png"]
    assert not ledger.normal(10), "nobody has called them normal"


def test_a_kind_that_is_reported_stays(inbox: Path, pipeline: Opened, ledger: Ledger) -> None:
    assert states(pipeline("report"), bright(inbox / "a.png"), dark(inbox / "b.png")) == [
        FileState.REPORTED,
        FileState.KEPT,
    ]
    assert [row.kind for row in ledger.listed(FileState.REPORTED)] == ["stranger"]


def test_mode_report_moves_nothing_by_kind_either(tmp_path: Path, inbox: Path, pipeline: Opened) -> None:
    picture = bright(inbox / "a.png")
    assert states(pipeline(to(tmp_path / "s"), mode="report"), picture) == [FileState.REPORTED]
    assert picture.exists()


def test_a_folder_may_have_a_rule_of_its_own(tmp_path: Path, inbox: Path, pipeline: Opened) -> None:
    rules = [{"in": ["WhatsApp/**"], "action": "keep"}, to(tmp_path / "sorted")]
    kept, moved = bright(inbox / "WhatsApp" / "a.png"), bright(inbox / "b.png")
    assert states(pipeline(rules), kept, moved) == [FileState.KIND_KEPT, FileState.PENDING]
    assert (names(inbox), names(tmp_path / "sorted")) == (["WhatsApp/a.png"], ["b.png"])


def test_what_is_moved_goes_with_its_companions_to_the_folder_of_its_day_and_comes_back(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger
) -> None:
    folder = tmp_path / "sorted" / "2025" / "03-04"
    picture = bright(inbox / "a.png")
    at = datetime(2025, 3, 4, 12).timestamp()
    os.utime(picture, (at, at))
    (inbox / "a.xmp").write_bytes(b"sidecar")
    [result] = pipeline(to(tmp_path / "sorted" / "%Y" / "%m-%d")).run([picture])
    assert result.moved_to == folder / "a.png"
    assert (names(inbox), names(folder)) == ([], ["a.png", "a.xmp"])
    assert list(quarantine.list()) == []
    assert ledger.counts.totals() == {"judged": 1, "quarantined": 1, "moved": 1}
    [moved] = quarantine.moved()
    assert (moved.path, moved.record.original) == (folder / "a.png", str(picture))

    decisions = Decisions(quarantine, ledger)
    assert decisions.restore(moved.record).restored_to == picture
    assert (names(inbox), names(folder)) == (["a.png", "a.xmp"], [])
    assert picture.stat().st_mtime == at
    assert quarantine.moved() == []
    assert quarantine.was_restored(moved.record.sha256)
    assert states(pipeline(to(tmp_path / "sorted")), picture) == [FileState.KEPT], "it is left alone for good"

    last = next(iter(decisions.undoable()), None)
    assert last is not None
    again = decisions.undo(last)
    assert quarantine.review_state(again) is ReviewState.MOVED
    assert (names(inbox), names(folder)) == ([], ["a.png", "a.xmp"])


def test_the_day_is_the_one_on_which_it_was_taken(tmp_path: Path, inbox: Path, pipeline: Opened) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:12:24 18:00:00"
    exif[0x0132] = "2020:01:01 00:00:00"
    picture, damaged = inbox / "a.jpg", inbox / "b.jpg"
    Image.new("RGB", (32, 32), "white").save(picture, exif=exif)
    exif.get_ifd(0x8769)[0x9003] = "0000:00:00 00:00:00"
    Image.new("RGB", (32, 32), "white").save(damaged, exif=exif)
    for path in (picture, damaged):
        aged(path, 10)
    list(pipeline(to(tmp_path / "%Y")).run([picture, damaged]))
    this_year = f"{datetime.fromtimestamp(time.time() - 10 * DAY):%Y}"
    assert names(tmp_path / "2019") == ["a.jpg"]
    assert names(tmp_path / this_year) == ["b.jpg"]


def test_nothing_is_overwritten(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine
) -> None:
    folder = tmp_path / "sorted"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"another")
    picture = bright(inbox / "a.png")
    (inbox / "a.xmp").write_bytes(b"sidecar")
    list(pipeline(to(folder)).run([picture]))
    assert names(folder) == ["a-2.png", "a-2.xmp", "a.png"]
    assert (folder / "a.png").read_bytes() == b"another"
    [moved] = quarantine.moved()
    again = quarantine.take_back(moved)
    assert [one.name for one in again.companions] == ["a.xmp"], "under the name that it had"
    assert quarantine.restore(again) == picture
    assert names(inbox) == ["a.png", "a.xmp"]


def test_what_was_changed_since_it_was_moved_stays(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger
) -> None:
    list(pipeline(to(tmp_path / "sorted")).run([bright(inbox / "a.png")]))
    [moved] = quarantine.moved()
    moved.path.write_bytes(b"edited")
    with pytest.raises(Changed, match="stays"):
        Decisions(quarantine, ledger).restore(moved.record)
    assert (names(tmp_path / "sorted"), list(quarantine.list())) == (["a.png"], [])


def test_what_is_dragged_back_by_hand_is_left_alone(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine
) -> None:
    opened = pipeline(to(tmp_path / "sorted"))
    list(opened.run([bright(inbox / "a.png")]))
    [moved] = quarantine.moved()
    shutil.copy2(moved.path, inbox / "copy.png")
    assert [result.moved_to for result in opened.run([inbox / "copy.png"])] == [
        tmp_path / "sorted" / "copy.png"
    ]
    back = moved.path.rename(inbox / "mine.png")
    assert states(opened, back) == [FileState.KEPT]
    assert [one.path.name for one in quarantine.moved()] == ["copy.png"]
    assert quarantine.review_state(moved.record) is ReviewState.RESTORED


def test_what_is_not_to_be_seen_with_its_disk_was_not_dragged_back(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine
) -> None:
    opened = pipeline(to(tmp_path / "sorted"))
    list(opened.run([bright(inbox / "a.png")]))
    [moved] = quarantine.moved()
    shutil.copy2(moved.path, inbox / "b.png")
    (tmp_path / "sorted").rename(tmp_path / "unplugged")
    list(opened.run([inbox / "b.png"]))
    assert quarantine.review_state(moved.record) is ReviewState.MOVED


def test_what_cannot_be_restored_goes_to_its_folder_again(
    tmp_path: Path, inbox: Path, pipeline: Opened, quarantine: Quarantine, ledger: Ledger
) -> None:
    list(pipeline(to(tmp_path / "sorted")).run([bright(inbox / "a.png")]))
    (inbox / "a.png").write_bytes(b"in the way")
    [moved] = quarantine.moved()
    with pytest.raises(Conflict):
        Decisions(quarantine, ledger).restore(moved.record)
    assert quarantine.moved() == [moved]
    assert names(tmp_path / "sorted") == ["a.png"]


def test_what_was_left_on_its_way_is_moved_on_by_the_next(
    tmp_path: Path, inbox: Path, pipeline: Opened, judge: Judge, quarantine: Quarantine
) -> None:
    [judged] = judge.judge([bright(inbox / "a.png")])
    quarantine.quarantine(judged.path, judged.identity, judged.judgement, destination=tmp_path / "sorted")
    assert quarantine.purge(max_bytes=0) == [], "no limit takes what is not to stay here"
    mover = pipeline("quarantine").mover
    assert mover.has_left
    mover.move_on_left()
    assert names(tmp_path / "sorted") == ["a.png"]
    assert not mover.has_left


def test_what_the_user_keeps_for_later_is_not_moved_on(
    tmp_path: Path, inbox: Path, pipeline: Opened, judge: Judge, quarantine: Quarantine
) -> None:
    [judged] = judge.judge([bright(inbox / "a.png")])
    record = quarantine.quarantine(judged.path, judged.identity, judged.judgement, (), tmp_path / "sorted")
    quarantine.mark(record, ReviewState.LATER)
    pipeline("quarantine").mover.move_on_left()
    assert names(tmp_path / "sorted") == []
    assert [one.id for one in quarantine.list()] == [record.id]


def test_a_folder_that_is_gone_is_waited_for_and_not_made_again(
    tmp_path: Path, inbox: Path, pipeline: Opened, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "sorted"
    line = pipeline(to(folder / "%Y"))
    list(line.run([bright(inbox / "a.png")]))
    shutil.rmtree(folder)
    waiting = [bright(inbox / "b.png"), bright(inbox / "c.png")]
    assert states(line, *waiting) == [FileState.PENDING] * 2
    assert not folder.exists()
    assert sorted(ledger.waiting(FileState.PENDING)) == waiting
    assert "mount it, or make the folder" in line.health.troubles()[0]
    assert caplog.text.count("is missing") == 1, "one line in the log, not one a picture"
    folder.mkdir()
    ledger.facts.put_device(folder, -1)  # as if that were the bare mount point of another disk
    assert states(line, *waiting) == [FileState.PENDING] * 2
    assert names(folder) == []
    (folder / "of the disk").touch()
    list(line.run(waiting))
    assert (names(inbox), line.health.troubles()) == ([], ())


def test_a_folder_behind_a_symlink_that_came_later_is_not_followed(
    tmp_path: Path, inbox: Path, pipeline: Opened
) -> None:
    (tmp_path / "sorted").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sorted" / "2025").symlink_to(tmp_path / "elsewhere")
    picture = bright(inbox / "a.png")
    at = datetime(2025, 3, 4).timestamp()
    os.utime(picture, (at, at))
    assert states(pipeline(to(tmp_path / "sorted" / "%Y")), picture) == [FileState.REPORTED]
    assert (names(inbox), names(tmp_path / "elsewhere")) == (["a.png"], [])


def test_a_young_picture_waits_until_it_is_old_enough(
    tmp_path: Path, inbox: Path, pipeline: Opened, ledger: Ledger
) -> None:
    rule = to(tmp_path / "sorted", after_days=30)
    young, old = aged(bright(inbox / "young.png"), 29), aged(bright(inbox / "old.png"), 31)
    assert states(pipeline(rule), young, old) == [FileState.WAITING, FileState.PENDING]
    assert (names(inbox), names(tmp_path / "sorted")) == (["young.png"], ["old.png"])
    now = time.time()
    assert ledger.due(now, 10) == []
    assert ledger.due(now + 2 * DAY, 10) == [young]
    assert ledger.due(now + 2 * DAY, 0) == []


def test_a_picture_from_the_future_waits_as_if_made_now(
    tmp_path: Path, inbox: Path, pipeline: Opened, ledger: Ledger
) -> None:
    picture = aged(bright(inbox / "a.png"), -1000)
    assert states(pipeline({"after_days": 1}), picture) == [FileState.WAITING]
    assert ledger.due(time.time() + 2 * DAY, 10) == [picture]


def test_young_pictures_open_the_breaker_when_they_come_not_when_they_are_due(
    inbox: Path, pipeline: Opened, ledger: Ledger
) -> None:
    breaker = Breaker(BreakerSettings(window=3, share=1))
    line = pipeline({"after_days": 30}, breaker)
    pictures = [bright(inbox / f"{n}.png") for n in range(3)]
    assert states(line, *pictures) == [FileState.WAITING] * 3
    assert breaker.is_open
    breaker.close()
    breaker.excuse(pictures)
    ledger.forget(pictures)
    for path in pictures:
        aged(path, 40)
    assert states(line, *pictures) == [FileState.PENDING] * 3
    assert not breaker.is_open


def test_another_rule_takes_up_what_was_left_by_the_old_one(
    inbox: Path, pipeline: Opened, ledger: Ledger
) -> None:
    kept, waiting = bright(inbox / "a.png"), bright(inbox / "b.png")
    settings = [
        checked({"watch": [{"path": str(inbox)}], "kinds": {"stranger": rule}}, Settings).kinds
        for rule in ("keep", "quarantine")
    ]
    take_up_kinds(ledger, settings[0])
    states(pipeline("keep"), kept)
    states(pipeline({"after_days": 3}), waiting)
    take_up_kinds(ledger, settings[0])
    assert ledger.known(kept) is not None
    take_up_kinds(ledger, settings[1])
    assert ledger.known(kept) is None
    assert ledger.known(waiting) is None
