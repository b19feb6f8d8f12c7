"""A graph that loops for ever is ended, and what it was asked by goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hanging import write_always_hangs, write_slow, write_white_hangs
from imgwatch.errors import ModelError
from imgwatch.judging import BATCH
from imgwatch.model.scorer import Scorer
from imgwatch.model.time_limit import RunTooLong

WHITE = np.full((1, 32, 32, 3), 255, dtype=np.uint8)
BLACK = np.zeros((1, 32, 32, 3), dtype=np.uint8)


def test_a_run_that_never_ends_is_ended_and_the_model_works_on(tmp_path: Path) -> None:
    scorer = Scorer(write_white_hangs(tmp_path / "m.onnx"), seconds=0.5)
    for _ in range(2):
        with pytest.raises(RunTooLong, match=r"more than 0.5 s"):
            scorer.score(WHITE)
        assert scorer.score(BLACK)[0].tolist() == [0.0]


def test_runs_that_are_slow_together_and_not_alone_are_left_to_end(tmp_path: Path) -> None:
    scorer = Scorer(write_slow(tmp_path / "m.onnx", turns=1000), seconds=60)
    batch = np.zeros((BATCH, 32, 32, 3), dtype=np.uint8)
    assert all(len(scorer.score(batch)[0]) == BATCH for _ in range(20))


def test_a_model_that_hangs_at_once_is_refused(tmp_path: Path) -> None:
    path = write_always_hangs(tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=r"m.onnx: the model takes more than 0.3 s"):
        Scorer(path, seconds=0.3)
