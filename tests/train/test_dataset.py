"""Pictures are decoded once, without duplicates, split by file, and read a few rows at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imgwatch.errors import ConfigError, InputMissing
from imgwatch.picture import decoding
from imgwatch.picture.decoding import Limits, Shape
from imgwatch.progress import silent
from imgwatch.settings import ConvSettings, TrainSettings
from imgwatch_train.classic.schedule import draw_subset
from imgwatch_train.data.dataset import FEWEST_PICTURES, Entry, gather, split
from imgwatch_train.job import Job

SHAPE = Shape(16, 16, "RGB")


def _job(folder: Path, out: Path) -> Job:
    out.mkdir(exist_ok=True)
    (out / "model-checkpoint").mkdir(exist_ok=True)
    return Job((folder,), TrainSettings(), out / "model.onnx")


def test_rows_are_what_the_daemon_decodes(photos: Path, tmp_path: Path) -> None:
    pictures, index = gather(_job(photos, tmp_path / "out"), SHAPE, None, silent)
    with pictures:
        assert len(pictures) == len(index.entries) == 50
        for row in (0, 31):
            decoded = decoding.read(index.entries[row].path, SHAPE, Limits())
            assert np.array_equal(pictures[[row]][0], decoded.pixels)
            assert index.entries[row].sha256 == decoded.sha256


def test_only_the_rows_asked_for_are_read(photos: Path, tmp_path: Path) -> None:
    """The pixels stay in the file: nothing but the rows of one batch is ever in memory."""
    pictures, _ = gather(_job(photos, tmp_path / "out"), SHAPE, None, silent)
    with pictures:
        batch = pictures[np.array([7, 3, 3])]
        assert batch.shape == (3, 16, 16, 3)
        assert np.array_equal(batch[1], batch[2])
        assert not any(isinstance(held, np.ndarray) for held in vars(pictures).values())
        with pytest.raises(IndexError):
            pictures[[50]]
    assert pictures.path.stat().st_size == 50 * 16 * 16 * 3


def test_pictures_are_decoded_once(photos: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    for _ in range(2):
        job = _job(photos, tmp_path / "out")
        pictures, _ = gather(job, SHAPE, None, lambda stage, done, total: stages.append(stage))
        pictures.close()
    assert len(stages) == 50


def test_a_changed_picture_is_decoded_again(photos: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(photos, tmp_path / "photos")
    job = _job(folder, tmp_path / "out")
    gather(job, SHAPE, None, silent)[0].close()
    shutil.copy(folder / "photo-0001.jpg", folder / "photo-0000.jpg")
    pictures, index = gather(job, SHAPE, None, silent)
    pictures.close()
    assert len(index.entries) == 49


def test_unreadable_and_duplicate_pictures_are_left_out_and_listed(photos: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(photos, tmp_path / "photos")
    (folder / "empty.jpg").touch()
    (folder / "half.jpg").write_bytes((folder / "photo-0000.jpg").read_bytes()[:400])
    (folder / "text.png").write_text("not a picture")
    shutil.copy(folder / "photo-0003.jpg", folder / "copy.jpg")
    pictures, index = gather(_job(folder, tmp_path / "out"), SHAPE, None, silent)
    pictures.close()
    assert len(index.entries) == 50
    assert {Path(path).name for path in index.unreadable} == {"empty.jpg", "half.jpg", "text.png"}
    assert [Path(path).name for path in index.duplicates] == ["photo-0003.jpg"]


def test_too_few_pictures_say_how_many_are_needed_and_found(
    make_photos: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_photos(tmp_path / "few", FEWEST_PICTURES - 1)
    with pytest.raises(InputMissing, match=f"at least {FEWEST_PICTURES} .* found {FEWEST_PICTURES - 1}"):
        gather(_job(folder, tmp_path / "out"), SHAPE, None, silent)


def test_own_output_is_not_trained_on(photos: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(photos, tmp_path / "photos")
    job = replace(_job(folder, tmp_path / "out"), out=folder / "model.onnx")
    for own in (job.report_folder, job.checkpoint_folder):
        own.mkdir()
        shutil.copy(folder / "photo-0000.jpg", own / "thumbnail.jpg")
    pictures, index = gather(job, SHAPE, None, silent)
    pictures.close()
    assert index.duplicates == ()


def _entries(normal: int, misbehaving: int = 0) -> list[Entry]:
    return [Entry(f"{n}.jpg", str(n), n < misbehaving) for n in range(normal + misbehaving)]


def test_split_uses_each_normal_picture_once() -> None:
    rows = split(_entries(100, misbehaving=7), 0.2, 0.1, seed=3)
    assert (len(rows.held_out), len(rows.validation), len(rows.train)) == (20, 8, 72)
    assert sorted(np.concatenate((rows.held_out, rows.validation, rows.train))) == list(range(7, 107))
    assert list(rows.misbehaving) == list(range(7))


def test_a_split_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"held_out 0\.9 and validation 0\.9"):
        split(_entries(20), 0.9, 0.9, seed=0)


def test_split_depends_on_the_seed_alone() -> None:
    first, again, other = (split(_entries(50), 0.2, 0.1, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.held_out, again.held_out)
    assert not np.array_equal(first.held_out, other.held_out)


def test_a_subset_mixes_in_the_misbehaving() -> None:
    settings = ConvSettings(subset_pictures=20, misbehaving_per_subset=5)
    rows = split(_entries(100, misbehaving=30), 0.2, 0.1, seed=0)
    drawn = draw_subset(settings, rows, seed=0, step=0)
    assert len(drawn) == len(set(drawn)) == 20
    assert sum(row < 30 for row in drawn) == 5
    assert set(drawn) - set(range(30)) <= set(rows.train)


def test_subsets_do_not_overlap_until_all_were_drawn() -> None:
    settings = ConvSettings(subset_pictures=24)
    rows = split(_entries(100), 0.2, 0.1, seed=0)
    a_pass = np.concatenate([draw_subset(settings, rows, 0, step) for step in range(3)])
    assert sorted(a_pass) == sorted(rows.train)
    assert set(draw_subset(settings, rows, 0, 3)) != set(draw_subset(settings, rows, 0, 0))
