"""The model that ships: it knows junk before any training, and a user's folder after calibrating."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from imgwatch.calibration.calibrate import calibrate
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.judgement import Kind
from imgwatch.kind_promises import KindPromises, silent_kinds
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits, decode
from imgwatch.settings import ThresholdRule

RULE = ThresholdRule(false_alarms=0.01)


def listed(shared: Path, name: str, count: int) -> list[Path]:
    return sorted((shared / name).iterdir())[:count]


def share_above(scorer: Scorer, paths: Sequence[Path]) -> float:
    shape, limit = scorer.contract.shape, scorer.contract.threshold.score
    pixels = np.stack([decode(path.read_bytes(), shape, Limits()) for path in paths])
    scores = np.concatenate([scorer.score(pixels[start : start + 8])[0] for start in range(0, len(paths), 8)])
    return float(np.mean(scores > limit))


def test_it_is_general_and_small() -> None:
    assert Scorer(DEFAULT_MODEL).contract.generic
    assert DEFAULT_MODEL.stat().st_size < 16e6


@pytest.mark.shared
def test_it_leaves_photos_and_takes_junk(shared: Path) -> None:
    scorer = Scorer(DEFAULT_MODEL, threads=2)
    assert share_above(scorer, listed(shared, "irrelevant/photos", 80)) < 0.1
    assert share_above(scorer, listed(shared, "blur/voc_sharp", 40)) < 0.1
    for name, least in (("spam", 0.95), ("receipts", 0.9), ("screenshots", 0.85)):
        assert share_above(scorer, listed(shared, f"junk/{name}", 40)) > least


@pytest.mark.shared
def test_documents_among_the_pictures_make_that_kind_silent(shared: Path) -> None:
    photos, documents = listed(shared, "irrelevant/photos", 200), listed(shared, "junk/receipts", 12)
    for added, silent in (([], []), (documents, [Kind.DOCUMENT])):
        contract = calibrate(DEFAULT_MODEL, [*photos, *added], RULE, Limits(), 2, lambda *_: None).contract
        kinds = KindPromises.of(contract, None, (), DEFAULT_MODEL)
        assert [kind.kind for kind in silent_kinds(contract, kinds)] == silent


@pytest.mark.shared
def test_calibrated_it_keeps_its_promise_and_tells_other_photos(shared: Path, tmp_path: Path) -> None:
    unseen = listed(shared, "wardrobe/normal_val", 200)  # the model was trained on normal_train
    few = ThresholdRule(false_alarms=0.05)  # 1 % of 200 would be the two oddest pictures
    fitted = calibrate(DEFAULT_MODEL, unseen, few, Limits(), 2, lambda *_: None)
    fitted.write(tmp_path / "mine.onnx")
    scorer = Scorer(tmp_path / "mine.onnx", threads=2)
    assert not scorer.contract.generic
    assert share_above(scorer, listed(shared, "wardrobe/normal_test", 180)) < 0.1
    assert share_above(scorer, listed(shared, "irrelevant/photos", 80)) > 0.9
    assert share_above(scorer, listed(shared, "junk/spam", 40)) > 0.95
