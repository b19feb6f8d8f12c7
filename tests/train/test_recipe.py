"""Training from folder to model file: what is written, that it repeats, and that it survives a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgwatch.errors import CannotCreate, InputMissing, ModelError, Unavailable
from imgwatch.model.contract import Contract
from imgwatch.model.scorer import Scorer
from imgwatch.settings import ThresholdRule, TrainSettings, checked
from imgwatch_train.data.checkpoint import checkpoint_folder
from imgwatch_train.job import Job
from imgwatch_train.recipe import train

pytestmark = pytest.mark.train

DENSE: dict[str, Any] = {
    "architecture": "dense",
    "dense": {"size": 16, "hidden": [24], "latent": 6, "epochs": 3},
}
CONV: dict[str, Any] = {
    "architecture": "conv",
    "conv": {"size": 32, "filters": [4, 8], "latent": 6, "subsets": 2, "subset_pictures": 24, "epochs": 2},
}
LONG: dict[str, Any] = {
    "architecture": "dense",
    "dense": {"size": 16, "hidden": [], "latent": 6, "epochs": 40},  # begins soon, and can be killed often
}
MakePhotos = Callable[..., Path]
Trained = tuple[Job, Contract]


def _job(folder: Path, out: Path, recipe: dict[str, Any]) -> Job:
    return Job((folder,), checked(recipe, TrainSettings), out)


@pytest.fixture(scope="module")
def odd_photos(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photographs, a damaged one with a name that HTML would take for a tag, and a copy."""
    folder = shutil.copytree(photos, tmp_path_factory.mktemp("odd") / "photos")
    (folder / "<script>alert(1)<.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (folder / "photo-0000.jpg").rename(folder / "<b>&.jpg")
    shutil.copy(folder / "photo-0001.jpg", folder / "zcopy.jpg")
    (folder / "photo-0002.jpg").rename(folder / os.fsdecode(b"caf\xe9.jpg"))  # not UTF-8
    return folder


@pytest.fixture(scope="module")
def dense(odd_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    job = _job(odd_photos, tmp_path_factory.mktemp("dense") / "model.onnx", DENSE)
    return job, train(job)


@pytest.fixture(scope="module")
def conv(odd_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    job = _job(odd_photos, tmp_path_factory.mktemp("conv") / "model.onnx", CONV)
    return job, train(job)


@pytest.fixture(scope="module", params=["dense", "conv"])
def trained(request: pytest.FixtureRequest) -> Trained:
    both: Trained = request.getfixturevalue(request.param)
    return both


@pytest.fixture(scope="module")
def other(dense: Trained, tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The dense model with another seed, and with a threshold that was asked for."""
    settings = checked({**DENSE, "seed": 1}, TrainSettings)
    out = tmp_path_factory.mktemp("other") / "model.onnx"
    return train(replace(dense[0], settings=settings, threshold=ThresholdRule(score=0.25), out=out))


def test_the_model_file_is_one_that_the_daemon_takes(trained: Trained) -> None:
    job, contract = trained
    scorer = Scorer(job.out)
    assert scorer.contract == contract
    assert [part.kind for part in contract.parts] == ["error"]
    assert contract.calibration.pictures == 10


def test_the_contract_tells_how_it_was_made(trained: Trained) -> None:
    job, contract = trained
    facts = contract.training
    counts = {
        "train": 36,
        "validation": 4,
        "held_out": 10,
        "misbehaving": 0,
        "unreadable": 1,
        "duplicates": 1,
    }
    assert facts["pictures"] == counts
    assert facts["settings"]["architecture"] == job.settings.architecture
    assert {"tensorflow", "tf2onnx", "numpy"} <= set(facts["tools"])
    assert facts["promise"]["held_out"] == 10
    assert facts["date"].endswith("+00:00")


def test_calibration_is_what_the_daemon_computes(trained: Trained) -> None:
    from imgwatch.picture.decoder import Decoder
    from imgwatch.picture.decoding import Decoded

    job, contract = trained
    report = json.loads((job.report_folder / "report.json").read_text())
    held_out = [Path(entry["path"]) for entry in report["most_suspicious"] if entry["held_out"]]
    scorer, scores = Scorer(job.out), []
    with Decoder(contract.shape, job.limits) as decoder:
        for _, outcome in decoder.decode(held_out):
            assert isinstance(outcome, Decoded)
            scores.append(float(scorer.score(outcome.pixels[None])[0][0]))
    np.testing.assert_allclose(sorted(scores), contract.calibration.scores, rtol=1e-5)


def test_the_report_shows_what_it_must(trained: Trained) -> None:
    job, contract = trained
    page = (job.report_folder / "report.html").read_text()
    record = json.loads((job.report_folder / "report.json").read_text())
    for name in ("learning.png", "histogram.png"):
        assert (job.report_folder / name).read_bytes().startswith(b"\x89PNG")
    scores = [entry["score"] for entry in record["most_suspicious"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 50  # all of them, being fewer than 100
    assert [Path(path).name for path in record["unreadable"]] == ["<script>alert(1)<.jpg"]
    assert len(record["history"]) >= 2
    assert contract.training["promise"]["says"].split("(")[0] in page
    assert page.count("data:image/jpeg") == 50 + 2 * 12
    assert "&lt;b&gt;&amp;.jpg" in page
    assert "<b>" not in page
    assert "<script" not in page


def test_checkpoints_are_gone_when_the_model_is_there(trained: Trained) -> None:
    job, _ = trained
    assert {path.name for path in job.out.parent.iterdir()} == {"model.onnx", "model-report"}


def test_training_twice_gives_the_same_scores(trained: Trained, tmp_path: Path) -> None:
    job, contract = trained
    again = train(replace(job, out=tmp_path / "again.onnx"))
    assert again.calibration.scores == contract.calibration.scores
    assert again.self_test == contract.self_test


def test_another_seed_gives_another_model(dense: Trained, other: Contract) -> None:
    assert dense[1].self_test != other.self_test


def test_a_threshold_asked_for_overrides_that_of_the_preset(dense: Trained, other: Contract) -> None:
    assert dense[1].threshold.score != 0.25
    assert other.threshold.score == 0.25


def test_misbehaving_pictures_are_learnt_but_not_calibrated_on(
    photos: Path, make_photos: MakePhotos, tmp_path: Path
) -> None:
    misbehaving = make_photos(tmp_path / "odd", 6, seed=9)
    preset = {**CONV["conv"], "misbehaving": str(misbehaving), "misbehaving_per_subset": 4}
    contract = train(_job(photos, tmp_path / "m.onnx", {**CONV, "conv": preset}))
    assert contract.training["pictures"]["misbehaving"] == 6
    assert contract.calibration.pictures == 10


def test_too_few_pictures_leave_nothing_behind(make_photos: MakePhotos, tmp_path: Path) -> None:
    folder = make_photos(tmp_path / "few", 5)
    with pytest.raises(InputMissing, match="found 5"):
        train(_job(folder, tmp_path / "out" / "m.onnx", DENSE))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="nowhere"):
        train(_job(tmp_path / "nowhere", tmp_path / "m.onnx", DENSE))


def test_a_folder_is_no_model_file(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotCreate, match="is a folder"):
        train(_job(photos, tmp_path, DENSE))


def test_only_one_run_at_a_time_writes_a_model(photos: Path, tmp_path: Path) -> None:
    job = _job(photos, tmp_path / "m.onnx", DENSE)
    with checkpoint_folder(job.checkpoint_folder, fresh=False), pytest.raises(Unavailable, match="another"):
        train(job)


class _Interrupted(Exception):
    pass


def _interrupted_at(epochs: int) -> Callable[[str, int, int], None]:
    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("fit", epochs):
            raise _Interrupted

    return stop


def where_it_begins(job: Job) -> int:
    """Return the epoch with which a training begins, and end it there."""
    seen: list[int] = []

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "fit":
            seen.append(done)
            raise _Interrupted

    with pytest.raises(_Interrupted):
        train(job, stop)
    return seen[0]


def test_a_resumed_run_ends_as_an_uninterrupted_one(trained: Trained, tmp_path: Path) -> None:
    job, whole = replace(trained[0], out=tmp_path / "resumed.onnx"), trained[1]
    with pytest.raises(_Interrupted):
        train(job, _interrupted_at(3))
    seen: list[int] = []
    resumed = train(job, lambda stage, done, total: seen.append(done) if stage == "fit" else None)
    assert seen[0] == 2
    assert resumed.calibration.scores == whole.calibration.scores


@pytest.fixture(scope="module")
def interrupted_once(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = _job(photos, tmp_path_factory.mktemp("interrupted") / "m.onnx", DENSE)
    with pytest.raises(_Interrupted):
        train(job, _interrupted_at(2))
    return job


@pytest.fixture
def interrupted(interrupted_once: Job, tmp_path: Path) -> Job:
    """A training that was interrupted at its second epoch."""
    job = replace(interrupted_once, out=tmp_path / "m.onnx")
    shutil.copytree(interrupted_once.checkpoint_folder, job.checkpoint_folder)
    return job


def test_fresh_forgets_what_was_reached(interrupted: Job) -> None:
    assert where_it_begins(interrupted) == 1
    assert where_it_begins(replace(interrupted, fresh=True)) == 0


def test_other_settings_start_over(interrupted: Job) -> None:
    other = checked({**DENSE, "seed": 5}, TrainSettings)
    assert where_it_begins(replace(interrupted, settings=other)) == 0


def test_a_damaged_checkpoint_is_not_trusted(interrupted: Job) -> None:
    kept = interrupted.checkpoint_folder / "last.npz"
    kept.write_bytes(kept.read_bytes()[:-200])
    assert where_it_begins(interrupted) == 0


TRAININGS = """
import gc, json, os, sys
from pathlib import Path
from imgwatch.settings import TrainSettings, checked
from imgwatch_train.job import Job
from imgwatch_train.recipe import train


def run(pipe, photos, out, recipe):
    os.setsid()
    with open(pipe, "w") as stream:
        job = Job((Path(photos),), checked(recipe, TrainSettings), Path(out))
        train(job, lambda *progress: print(*progress, file=stream, flush=True))


if __name__ == "__main__":
    gc.disable()
    import tensorflow, keras, tf2onnx  # takes longer than such a training
    gc.freeze()
    gc.enable()

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(*json.loads(line))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os._exit(0)  # without freeing all of TensorFlow
"""
KillAt = Callable[[int, Path, dict[str, Any]], None]


@pytest.fixture(scope="module")
def kill_at(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillAt]:
    """Return what trains in a process of its own, and kills it when it tells of a step; TensorFlow is imported once."""
    script = tmp_path_factory.mktemp("trainings") / "trainings.py"
    script.write_text(TRAININGS)
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        asks, answers = server.stdin, server.stdout

        def kill_at(step: int, out: Path, recipe: dict[str, Any]) -> None:
            pipe = out.with_name("progress")
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
            print(json.dumps([str(pipe), str(photos), str(out), recipe]), file=asks, flush=True)
            training = int(answers.readline())
            with pipe.open() as lines:
                for line in lines:
                    stage, done, *_ = line.split()
                    if stage == "fit" and int(done) >= step:
                        os.killpg(training, signal.SIGKILL)
                        break
            assert int(answers.readline()) == -signal.SIGKILL

        yield kill_at
        asks.close()


@pytest.fixture(scope="module")
def long(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A training that is long enough to be killed, and was not."""
    job = _job(photos, tmp_path_factory.mktemp("long") / "m.onnx", LONG)
    return job, train(job)


@pytest.mark.e2e
@pytest.mark.faults
def test_a_run_killed_again_and_again_ends_with_the_same_model(
    long: Trained, tmp_path: Path, kill_at: KillAt
) -> None:
    job, whole = replace(long[0], out=tmp_path / "m.onnx"), long[1]
    old = long[0].out.read_bytes()
    job.out.write_bytes(old)
    for step in (1, 2, 3, 17, 18, 36):
        kill_at(step, job.out, LONG)
        assert job.out.read_bytes() == old, "the old model stays until there is a new one"
    assert train(job).calibration.scores == whole.calibration.scores


@pytest.mark.e2e
@pytest.mark.faults
def test_a_killed_run_goes_on(long: Trained, tmp_path: Path, kill_at: KillAt) -> None:
    job, whole = replace(long[0], out=tmp_path / "m.onnx"), long[1]
    kill_at(5, job.out, LONG)
    assert not job.out.exists()
    seen: list[int] = []
    resumed = train(job, lambda stage, done, total: seen.append(done) if stage == "fit" else None)
    assert seen[0] >= 4
    assert resumed.calibration.scores == whole.calibration.scores
    assert Scorer(job.out).contract == resumed


def test_training_that_diverges_says_so(photos: Path, tmp_path: Path) -> None:
    wild = {**DENSE, "dense": {**DENSE["dense"], "learning_rate": 1e30}}
    with pytest.raises(ModelError, match="learning_rate"):
        train(_job(photos, tmp_path / "m.onnx", wild))
    assert not (tmp_path / "m.onnx").exists()
