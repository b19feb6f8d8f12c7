from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import bright, dark, write_brightness_model
from daemon import tree, wait_until
from imgwatch.breaker import Breaker
from imgwatch.decisions import Decisions
from imgwatch.errors import ModelError
from imgwatch.judges import ModelChoice
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.live_model import LiveModel
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.settings import BreakerSettings, Settings, checked


@pytest.fixture
def judge(model_file: Path) -> Iterator[Judge]:
    with Judge(Scorer(model_file), None, Limits()) as opened:
        yield opened


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


def states(pipeline: Pipeline, *paths: Path) -> list[FileState]:
    return [result.state for result in pipeline.run(paths)]


def test_junk_is_moved_and_the_rest_stays(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    inbox = tmp_path / "inbox"
    pictures = [dark(inbox / "a.png"), bright(inbox / "b.png"), inbox / "gone.png", inbox / "c.jpg"]
    pictures[3].write_bytes(b"damaged")
    results = list(Pipeline(lambda: judge, quarantine, ledger, Policy()).run(pictures))
    assert [result.judged.judgement.verdict for result in results] == ["keep", "quarantine", "unreadable"]
    assert sorted(tree(inbox)) == ["a.png", "c.jpg"]
    assert [record.original for record in quarantine.list()] == [str(pictures[1])]
    assert ledger.counts.totals() == {"judged": 3, "unreadable": 1, "quarantined": 1}
    assert list(ledger.waiting(FileState.PENDING)) == []


def test_unreadable_pictures_are_moved_only_when_asked_to(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    path = tmp_path / "inbox" / "c.jpg"
    path.parent.mkdir()
    path.write_bytes(b"damaged")
    assert states(Pipeline(lambda: judge, quarantine, ledger, Policy(move_unreadable=True)), path) == [
        FileState.PENDING
    ]
    [record] = quarantine.list()
    assert record.judgement.score is None
    assert not path.exists()


def test_report_only_moves_nothing(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    path = bright(tmp_path / "inbox" / "a.png")
    assert states(Pipeline(lambda: judge, quarantine, ledger, Policy(report_only=True)), path) == [
        FileState.REPORTED
    ]
    assert path.exists()


def test_a_restored_picture_and_its_copies_are_kept(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy())
    path = bright(tmp_path / "inbox" / "a.png")
    content = path.read_bytes()
    states(pipeline, path)
    Decisions(quarantine, ledger).restore(next(quarantine.list()))
    (copy := path.with_name("copy.png")).write_bytes(content)
    assert states(pipeline, path, copy) == [FileState.KEPT, FileState.KEPT]


def test_an_open_breaker_holds_everything_back(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    breaker = Breaker(BreakerSettings(window=6, share=0.5))
    pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy(), breaker)
    inbox = tmp_path / "inbox"
    kept = [dark(inbox / f"a{n}.png") for n in range(3)]
    junk = [bright(inbox / f"b{n}.png") for n in range(6)]
    list(pipeline.run([*kept, *junk]))
    assert breaker.is_open
    assert ledger.facts.breaker_is_open
    assert list(ledger.waiting(FileState.HELD))
    assert sorted(path.name for path in inbox.iterdir()) != []


def test_a_new_model_is_taken_and_a_faulty_one_refused(tmp_path: Path) -> None:
    path = write_brightness_model(tmp_path / "m.onnx", threshold=0.5)
    live = LiveModel(ModelChoice(path, None), Limits(), 1)
    assert not live.refresh()
    before = live.judge.scorer.name
    path.with_suffix(".new").write_bytes(b"no model")
    path.with_suffix(".new").replace(path)
    wait_until(lambda: live.refresh() or live.refused)
    assert live.judge.scorer.name == before
    write_brightness_model(path, threshold=0.7)
    wait_until(live.refresh)
    assert live.judge.threshold == 0.7
    path.unlink()
    assert not live.refresh()
    assert live.judge.threshold == 0.7
    with pytest.raises(ModelError):
        LiveModel(ModelChoice(path, None), Limits(), 1)


def test_what_belongs_to_a_junk_picture_goes_with_it_unless_it_is_to_stay_alone(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    inbox = tmp_path / "inbox"
    together, alone = bright(inbox / "a.png"), bright(inbox / "b.png")
    for name in ("a.xmp", "b.xmp", "a.json"):
        (inbox / name).write_bytes(b"x")
    list(Pipeline(lambda: judge, quarantine, ledger, Policy()).run([together]))
    list(Pipeline(lambda: judge, quarantine, ledger, Policy(together=False)).run([alone]))
    assert sorted(tree(inbox)) == ["a.json", "b.xmp"]


def test_a_picture_waits_while_what_belongs_to_it_is_written(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    picture, sidecar = bright(tmp_path / "inbox" / "a.png"), tmp_path / "inbox" / "a.xmp"
    pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy())
    with sidecar.open("wb"):
        [result] = pipeline.run([picture])
        assert (result.state, result.waits, result.record) == (FileState.PENDING, True, None)
    [result] = pipeline.run([picture])
    assert result.record is not None
    assert tree(picture.parent) == {}


def test_what_comes_later_waits_for_the_breaker_and_is_not_awaited_where_nothing_is_moved(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    picture, late = bright(tmp_path / "inbox" / "a.png"), tmp_path / "inbox" / "a.xmp"
    breaker = Breaker(BreakerSettings(), is_open=False)
    pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy(), breaker)
    list(pipeline.run([picture]))
    late.write_bytes(b"x")
    assert pipeline.mover.awaits(late)
    for policy in (Policy(report_only=True), Policy(together=False)):
        assert not Pipeline(lambda: judge, quarantine, ledger, policy).mover.awaits(late)
    breaker.is_open = True
    assert not pipeline.follow(late)
    assert late.exists()
    breaker.close()
    assert pipeline.follow(late)
    assert not late.exists()


def test_what_may_not_follow_is_left_alone_from_then_on(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    picture, sidecar = bright(tmp_path / "inbox" / "a.png"), tmp_path / "inbox" / "a.xmp"
    sidecar.write_bytes(b"x")
    pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy())
    list(pipeline.run([picture]))
    sidecar.write_bytes(b"a second one of this name")
    assert pipeline.follow(sidecar)
    known = ledger.known(sidecar)
    assert known is not None
    assert known.state is FileState.OTHER
    assert sidecar.exists()


def test_what_is_ignored_belongs_to_no_picture(
    tmp_path: Path, judge: Judge, quarantine: Quarantine, ledger: Ledger
) -> None:
    picture = bright(tmp_path / "inbox" / "a.png")
    for name in ("a.xmp", "a.png.json"):
        (picture.parent / name).write_bytes(b"x")
    settings = checked(
        {"watch": [{"path": str(picture.parent), "ignore": ["*.xmp"]}], "mode": "quarantine"}, Settings
    )
    list(Pipeline(lambda: judge, quarantine, ledger, Policy.of(settings, lambda _: False)).run([picture]))
    assert sorted(tree(picture.parent)) == ["a.xmp"]
