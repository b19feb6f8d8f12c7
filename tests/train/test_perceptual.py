"""The perceptual recipe end to end on generated photos: one file that the daemon's scorer runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image, ImageFilter

from imgwatch.calibration.calibrate import calibrate
from imgwatch.errors import InputMissing
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits, decode
from imgwatch.progress import silent
from imgwatch.settings import PerceptualSettings, ThresholdRule, TrainSettings
from imgwatch_train.job import Job
from imgwatch_train.recipe import train

pytestmark = pytest.mark.train
RULE = ThresholdRule(false_alarms=0.05)


def scene(rng: np.random.Generator) -> Image.Image:
    """A sharp scene of tiles in earthen colours, unlike any other."""
    tiles = rng.integers(40, 160, (24, 24, 3)) * np.array([1.2, 1.0, 0.7])
    return Image.fromarray(tiles.clip(0, 255).astype(np.uint8)).resize((256, 256), Image.Resampling.NEAREST)


def fill(folder: Path, count: int, seed: int) -> list[Path]:
    folder.mkdir()
    rng = np.random.default_rng(seed)
    paths = [folder / f"{number:03}.png" for number in range(count)]
    for path in paths:
        scene(rng).save(path)
    return paths


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def job(folder: Path, out: Path) -> Job:
    settings = TrainSettings(
        perceptual=PerceptualSettings(pseudo_junk=60, hidden=32, epochs=8, threshold=RULE)
    )
    return Job(folders=(folder,), settings=settings, out=out)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("perceptual")
    fill(folder / "normal", 45, seed=0)
    out = folder / "model.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        train(job(folder / "normal", out), silent)
    return out


@pytest.fixture(scope="module")
def scorer(model: Path) -> Scorer:
    return Scorer(model)


def test_the_daemons_scorer_runs_the_file(model: Path, scorer: Scorer) -> None:
    picture = np.asarray(scene(np.random.default_rng(9)).resize((224, 224)))[None]
    explanation = scorer.explain(picture)
    assert scorer.contract.architecture == "perceptual"
    assert explanation.score.shape == (1,)
    assert explanation.parts.shape == (1, len(scorer.contract.parts))
    assert explanation.error_map.shape == (1, 14, 14)
    assert np.isfinite(explanation.embedding).all()
    assert model.stat().st_size < 16e6


def test_what_is_blurred_is_stranger_than_what_is_sharp(scorer: Scorer) -> None:
    rng = np.random.default_rng(5)
    sharp = [scene(rng).resize((224, 224)) for _ in range(8)]
    blurred = [picture.filter(ImageFilter.GaussianBlur(4)) for picture in sharp]
    scores = [scorer.score(np.stack([np.asarray(p) for p in group]))[0] for group in (sharp, blurred)]
    assert scores[1].min() > scores[0].max()
    blur = [part.name for part in scorer.contract.parts].index("blurred")
    surprisals = scorer.score(np.stack([np.asarray(p) for p in blurred]))[1][:, blur]
    assert (surprisals > 2).all()


def test_the_report_lists_the_strangest_for_exclude(model: Path) -> None:
    report = model.with_name("model-report")
    lines = (report / "strangest.txt").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    assert len(listed) == 40
    assert all(Path(line).is_file() for line in listed)
    assert (report / "report.html").is_file()


def test_training_again_gives_the_same_model_and_says_what_to_know_before_it_is_trusted(
    model: Path,
    scorer: Scorer,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    again = model.with_name("again.onnx")
    train(job(model.with_name("normal"), again), silent)
    first, second = scorer.contract, Scorer(again).contract
    assert first.calibration == second.calibration
    assert first.self_test == second.self_test
    assert "pictures are few" in caplog.text


def test_calibrating_makes_other_pictures_normal(model: Path, scorer: Scorer, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    folder = tmp_path / "other"
    folder.mkdir()
    paths = [folder / f"{number}.png" for number in range(60)]
    for path in paths:  # bluish where the model was trained on earthen ones
        Image.fromarray(np.asarray(scene(rng))[..., ::-1]).save(path)
    fitted = calibrate(model, paths[:40], RULE, Limits(), 1, silent)
    out = tmp_path / "fitted.onnx"
    fitted.write(out)
    old, new = scorer, Scorer(out)
    pixels = np.stack([decode(path.read_bytes(), new.contract.shape, Limits()) for path in paths[40:]])
    assert (old.score(pixels)[0] > old.contract.threshold.score).mean() > 0.5
    assert (new.score(pixels)[0] > new.contract.threshold.score).mean() < 0.3
    assert "calibrated" in new.contract.training


def test_what_it_was_trained_on_is_no_measure_of_reconstruction(model: Path, tmp_path: Path) -> None:
    known, others = sorted(model.with_name("normal").iterdir()), fill(tmp_path / "others", 30, seed=3)
    mixed, once = [*others, *known[:5]], tmp_path / "once.onnx"
    for paths, is_heard in ((others, True), (known, False), (mixed, False)):
        fitted = calibrate(model, paths, RULE, Limits(), 1, silent)
        assert fitted.has_learned is not is_heard
        assert bool(fitted.parts[:, 0].any()) is is_heard
    fitted.write(once)
    assert calibrate(
        once, others, RULE, Limits(), 1, silent
    ).has_learned  # only training makes that good again


def test_a_preview_moves_more_at_a_larger_promise(model: Path) -> None:
    paths = sorted(model.with_name("normal").iterdir())
    preview = calibrate(model, paths, RULE, Limits(), 1, silent).preview()
    moved = [line.would_move for line in preview]
    assert moved == sorted(moved)
    assert [line.can_be_kept for line in preview] == [False, False, False, False, True]


def test_calibrating_refuses_too_few_pictures(model: Path, tmp_path: Path) -> None:
    paths = fill(tmp_path / "few", 3, seed=1)
    with pytest.raises(InputMissing, match="at least 20"):
        calibrate(model, paths, RULE, Limits(), 1, silent)


def test_large_weights_are_stored_small(model: Path) -> None:
    proto = onnx.load(str(model))
    large = [w for w in proto.graph.initializer if np.prod(w.dims) >= 4096]
    assert large
    assert {weight.data_type for weight in large} == {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8}
