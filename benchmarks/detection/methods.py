"""What the benchmark compares: our models, and plain baselines that need no training."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tasks import Task

from imgwatch.calibration.calibrate import calibrate
from imgwatch.calibration.measured_file import usual_folder
from imgwatch.calibration.odd_pictures import OddPictures
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits, Shape, decode
from imgwatch.progress import silent
from imgwatch.settings import ThresholdRule, TrainSettings, checked
from imgwatch_train.job import Job
from imgwatch_train.perceptual.features import Backbone
from imgwatch_train.perceptual.recipe import BACKBONE
from imgwatch_train.recipe import train

SHARES = (0.005, 0.01, 0.05)
_BATCH = 32
Paths = Sequence[Path]
Score = Callable[[Paths], np.ndarray]


class Fitted(NamedTuple):
    """How a fitted method scores pictures [N], and its thresholds at each of SHARES."""

    score: Score
    thresholds: list[float]


def fit(method: str, task: Task, seed: int, peers: Path) -> Fitted:
    """Fit a method to a training folder. Thresholds come from those pictures alone."""
    pictures = task.train
    if method == "calibrate":
        return _fit_general(pictures)
    if method in ("perceptual", "dense", "conv"):
        return _fit_model(method, task, seed)
    if method in ("iforest", "ecod"):
        return _fit_peer(method, pictures, seed, peers)
    return _fit_plain(
        {"nearest": _nearest, "laplacian": _laplacian, "entropy": _entropy}[method], pictures, seed
    )


def _fit_model(method: str, task: Task, seed: int) -> Fitted:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        (folder / "normal").mkdir()
        copies = [folder / "normal" / f"{number:05}{path.suffix}" for number, path in enumerate(task.train)]
        for path, copy in zip(task.train, copies, strict=True):
            shutil.copyfile(path, copy)
        settings = checked({"architecture": method, "seed": seed}, TrainSettings)
        job = Job((folder / "normal",), settings, folder / "model.onnx")
        contract = train(job, silent)
        if task.planted:
            shown = set(OddPictures(job.out).strangest())
            seen = tuple(copy for copy in copies[-task.planted :] if copy in shown)
            contract = train(replace(job, exclude=seen), silent)
        scorer = Scorer(folder / "model.onnx", threads=2)
    finally:
        shutil.rmtree(folder)

    def score(paths: Paths) -> np.ndarray:
        return _in_batches(paths, contract.shape, lambda pixels: scorer.score(pixels)[0])

    return Fitted(score, [contract.calibration.threshold_for(share) for share in SHARES])


def _fit_general(pictures: Paths) -> Fitted:
    """Calibrate the general model, as the command does."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        model, rule = Path(folder) / "model.onnx", ThresholdRule(false_alarms=0.01)
        calibrate(DEFAULT_MODEL, pictures, rule, Limits(), 2, silent, usual_folder()).write(model)
        scorer = Scorer(model, threads=2)

    def score(paths: Paths) -> np.ndarray:
        return _in_batches(paths, scorer.contract.shape, lambda pixels: scorer.score(pixels)[0])

    return Fitted(score, [scorer.contract.calibration.threshold_for(share) for share in SHARES])


def _fit_plain(make: Callable[[Paths], Score], pictures: Paths, seed: int) -> Fitted:
    """Hold out a quarter for the thresholds: plain methods have no cross-fitting."""
    fitted, held_out = _quarter(pictures, seed)
    score = make(fitted)
    return Fitted(score, _conformal(score(held_out)))


def _quarter(pictures: Paths, seed: int) -> tuple[list[Path], list[Path]]:
    order = np.random.default_rng(seed).permutation(len(pictures))
    shuffled = [pictures[index] for index in order]
    return shuffled[len(order) // 4 :], shuffled[: len(order) // 4]


def _conformal(scores: np.ndarray) -> list[float]:
    ranks = [min(int(np.ceil((1 - share) * (len(scores) + 1))), len(scores)) for share in SHARES]
    return [float(np.sort(scores)[rank - 1]) for rank in ranks]


def _nearest(pictures: Paths) -> Score:
    """Cosine distance to the fifth nearest picture in the backbone's pooled features."""
    bank = _features(pictures)

    def score(paths: Paths) -> np.ndarray:
        distances = 1 - _features(paths) @ bank.T
        return np.partition(distances, 4, axis=1)[:, 4]

    return score


def _features(paths: Paths) -> np.ndarray:
    backbone = Backbone(BACKBONE, threads=2)
    pooled = _in_batches(paths, backbone.shape, lambda pixels: backbone.features(pixels).pooled)
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def _laplacian(_: Paths) -> Score:
    """Minus the variance of the Laplacian: large for what is blurred."""

    def of_picture(grey: np.ndarray) -> float:
        inside = grey[1:-1, 1:-1] * 4 - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
        return -float(np.log(inside.var() + 1e-6))

    return _grey(of_picture)


def _entropy(_: Paths) -> Score:
    """Minus the entropy of grey levels: large for text and flat colour."""

    def of_picture(grey: np.ndarray) -> float:
        share = np.bincount(grey.astype(int).ravel(), minlength=256) / grey.size
        return float((share[share > 0] * np.log(share[share > 0])).sum())

    return _grey(of_picture)


def _grey(of_picture: Callable[[np.ndarray], float]) -> Score:
    def of_batch(pixels: np.ndarray) -> np.ndarray:
        return np.array([of_picture(picture[..., 0].astype(float)) for picture in pixels])

    return lambda paths: _in_batches(paths, Shape(224, 224, "L"), of_batch)


def _fit_peer(method: str, pictures: Paths, seed: int, python: Path) -> Fitted:
    """Fit a detector of PyOD on the pooled features, in the peers' own environment."""
    fitted, held_out = _quarter(pictures, seed)
    bank = _features(fitted)

    def score(paths: Paths) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / "in.npz", train=bank, test=_features(paths))
            script = Path(__file__).with_name("peers.py")
            subprocess.run([python, script, method, str(seed), folder], check=True)
            return np.load(Path(folder) / "out.npy")

    return Fitted(score, _conformal(score(held_out)))


def _in_batches(paths: Paths, shape: Shape, run: Callable[[np.ndarray], Any]) -> np.ndarray:
    results = []
    for start in range(0, len(paths), _BATCH):
        pixels = np.stack(
            [decode(path.read_bytes(), shape, Limits()) for path in paths[start : start + _BATCH]]
        )
        results.append(run(pixels))
    return np.concatenate(results)
