"""Judging with one worker and with several: the same judgements, in the same order."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import picture_bytes
from imgwatch.judging import BATCH, Judge
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoding import Limits, Pixels


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
        pytest.raises(RuntimeError, match="broken kernel"),
    ):
        list(judge.judge(pictures(tmp_path, 3 * BATCH)))
