"""The detector on real pictures: a narrow folder, junk that it has never seen, and the promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imgwatch.evaluation.intervals import auroc
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits, decode
from imgwatch.progress import silent
from imgwatch.settings import TrainSettings
from imgwatch_train.job import Job
from imgwatch_train.recipe import train

pytestmark = [pytest.mark.train, pytest.mark.shared, pytest.mark.timeout(1800)]


def scores_of(scorer: Scorer, folder: Path) -> np.ndarray:
    shape = scorer.contract.shape
    pixels = [decode(path.read_bytes(), shape, Limits()) for path in sorted(folder.iterdir())]
    return np.concatenate([scorer.score(np.stack(pixels[at : at + 8]))[0] for at in range(0, len(pixels), 8)])


def test_a_folder_of_clothes_tells_junk_and_other_photos(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "model.onnx"
    contract = train(Job((shared / "wardrobe/normal_train",), TrainSettings(workers=2), out), silent)
    scorer, limit = Scorer(out, threads=2), contract.calibration.threshold_for(0.01)
    assert out.stat().st_size < 16e6
    normal = scores_of(scorer, shared / "wardrobe/normal_test")
    assert (normal > limit).sum() <= 5  # the 95 % binomial interval of 1 % of 180
    floors = {"spam": 0.99, "receipts": 0.99, "screenshots": 0.97, "memes": 0.85}
    for name, caught in floors.items():
        junk = scores_of(scorer, shared / "junk" / name)
        assert auroc(normal, junk) > 0.99
        assert (junk > limit).mean() > caught
    assert auroc(normal, scores_of(scorer, shared / "irrelevant/photos")) > 0.99
