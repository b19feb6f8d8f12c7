"""Judging with one worker and with several: the same judgements, in the same order."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from conftest import dark, picture_bytes
from hanging import write_alone_hangs, write_white_hangs
from imgwatch.errors import ModelError
from imgwatch.feedback.correction import Correction, Example
from imgwatch.judgement import ReasonCode
from imgwatch.judging import BATCH, Judge
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoding import Limits, Pixels
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.wording import sentence
from moving import film, tiff_raw


def pictures(folder: Path, number: int) -> list[Path]:
    """Write pictures of many greys; every seventh is broken, and one is not there at all."""
    paths = [folder / f"{index}.png" for index in range(number)]
    for index, path in enumerate(paths):
        if index % 7 == 3:
            path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
        else:
            path.write_bytes(picture_bytes(255 * index // number))
    paths[5].unlink()
    return paths


@pytest.mark.parametrize("number", [1 + 5, BATCH, 5 * BATCH + 3])
def test_several_workers_judge_as_one_does(tmp_path: Path, model_file: Path, number: int) -> None:
    paths = pictures(tmp_path, number)
    with Judge(Scorer(model_file), None, Limits()) as alone:
        expected = list(alone.judge(paths))
    with Judge(Scorer(model_file), None, Limits(), workers=3) as judge:
        assert list(judge.judge(paths)) == expected
    assert [judged.path for judged in expected] == [path for path in paths if path.exists()]


def test_a_judge_that_is_left_alone_can_be_asked_again_and_closed(tmp_path: Path, model_file: Path) -> None:
    paths = pictures(tmp_path, 6 * BATCH)
    with Judge(Scorer(model_file), None, Limits(), workers=2) as judge:
        begun = judge.judge(paths)
        assert next(begun).path == paths[0]
        del begun
        assert [judged.path for judged in judge.judge(paths[-2:])] == paths[-2:]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_model_reaches_who_asked(
    tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    scorer = Scorer(model_file)

    def fail(_: Pixels) -> tuple[Floats, Floats]:
        raise RuntimeError("broken kernel")

    monkeypatch.setattr(scorer, "score", fail)
    with (
        Judge(scorer, None, Limits(), workers) as judge,
        pytest.raises(ModelError, match="broken kernel"),
    ):
        list(judge.judge(pictures(tmp_path, 3 * BATCH)))


def judged_frames(tmp_path: Path, model_file: Path, *films: list[int]) -> list[tuple[str, float]]:
    """Return verdict and score, to two places, of films and of a picture before each."""
    paths = []
    for number, shades in enumerate(films):
        paths += [dark(tmp_path / f"{number}-before.png"), tmp_path / f"{number}.mp4"]
        paths[-1].write_bytes(film(shades))
    with Judge(Scorer(model_file), None, Limits()) as judge:
        judgements = [judged.judgement for judged in judge.judge(paths)]
    assert [judgement.verdict for judgement in judgements[::2]] == ["keep"] * len(films)
    return [(judgement.verdict, round(judgement.score or 0, 2)) for judgement in judgements[1::2]]


def test_a_film_is_judged_by_the_median_of_its_frames(tmp_path: Path, model_file: Path) -> None:
    normal, odd = [40] * 10, [230] * 10
    (one_odd, _), (two_odd, _), (most_odd, score), (all_odd, _) = judged_frames(
        tmp_path,
        model_file,
        normal * 2 + odd + normal * 2,
        odd + normal + odd + normal * 2,
        odd + normal + odd + normal + odd,
        odd * 5,
    )
    assert [one_odd, two_odd] == ["keep", "keep"], "most of it is normal"
    assert [most_odd, all_odd] == ["quarantine", "quarantine"]
    assert 0.8 < score < 0.9, "what an odd frame has"


def test_of_two_frames_both_must_be_strange(tmp_path: Path, model_file: Path) -> None:
    (half, _), (whole, _) = judged_frames(tmp_path, model_file, [40, 230], [230, 231])
    assert half == "keep"
    assert whole == "quarantine"


def test_what_was_learned_counts_for_each_frame(tmp_path: Path, model_file: Path) -> None:
    """A film of which the very same was deleted goes; the others are judged as before."""
    deleted, other = tmp_path / "deleted.mp4", tmp_path / "other.mp4"
    deleted.write_bytes(film([40] * 10))
    other.write_bytes(film([44] * 10 + [230] * 3))
    scorer = Scorer(model_file)
    sha256 = hashlib.sha256(deleted.read_bytes()).hexdigest()
    with Judge(scorer, None, Limits()) as judge:
        judge.correction = Correction.learn(
            [Example(sha256, True, 0.0, None)], scorer.reference_set, judge.threshold
        )
        verdicts = {judged.path.name: judged.judgement.verdict for judged in judge.judge([deleted, other])}
    assert verdicts == {"deleted.mp4": "quarantine", "other.mp4": "keep"}


def test_what_cannot_be_judged_here_is_not_moved_as_damaged(
    tmp_path: Path, model_file: Path, ledger: Ledger
) -> None:
    damaged, raw = tmp_path / "damaged.png", tmp_path / "small.dng"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    raw.write_bytes(tiff_raw())
    quarantine = Quarantine(tmp_path / "quarantine", roots=(tmp_path,))
    with Judge(Scorer(model_file), None, Limits()) as judge:
        pipeline = Pipeline(lambda: judge, quarantine, ledger, Policy(move_unreadable=True))
        results = {result.judged.path: result for result in pipeline.run([damaged, raw])}
    assert results[damaged].record is not None
    assert results[raw].record is None
    assert results[raw].judged.judgement.reason.code == "not_judged"
    assert "without a preview" in str(ledger.listed(FileState.UNREADABLE)[0].reason)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_picture_on_which_the_model_hangs_costs_only_itself(tmp_path: Path, workers: int) -> None:
    scorer = Scorer(write_white_hangs(tmp_path / "m.onnx"), seconds=0.5)
    paths = [dark(tmp_path / f"{number}.png") for number in range(BATCH)]
    Image.new("RGB", (24, 24), "white").save(paths[3])
    with Judge(scorer, None, Limits(), workers) as judge:
        judgements = [judged.judgement for judged in judge.judge(paths)]
    assert [str(judgement.verdict) for judgement in judgements] == ["keep"] * 3 + ["unreadable"] + [
        "keep"
    ] * 4
    assert (
        judgements[3].reason.code is ReasonCode.NOT_JUDGED
    )  # no damage: `unreadable: quarantine` leaves it, too
    assert "more than 0.5 s" in sentence(judgements[3].reason)


def test_a_model_that_fails_on_other_pictures_too_is_no_fault_of_a_picture(tmp_path: Path) -> None:
    scorer = Scorer(write_alone_hangs(tmp_path / "m.onnx"), seconds=0.5)
    with Judge(scorer, None, Limits()) as judge, pytest.raises(ModelError, match="takes more than"):
        list(judge.judge([dark(tmp_path / "a.png")]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_judge_that_was_closed_works_again(tmp_path: Path, model_file: Path, workers: int) -> None:
    """As after a new config that is refused: the service goes on with what it had."""
    paths = pictures(tmp_path, 3 * BATCH)
    with Judge(Scorer(model_file), None, Limits(), workers) as judge:
        expected = list(judge.judge(paths))
        judge.close()
        assert list(judge.judge(paths)) == expected
