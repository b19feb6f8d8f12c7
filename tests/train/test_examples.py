"""Folds: nothing that a fold is held out for, no copy of it and nothing drawn from either, is seen by it."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch_train.perceptual.examples import FOLDS, Folder, Scaling, assemble, plan_drawings
from imgwatch_train.perceptual.features import Features

SIZES = (6, 2)


@pytest.fixture
def folder() -> Folder:
    rng = np.random.default_rng(0)
    pictures = Features(rng.normal(size=(90, 8)).astype("f4"), rng.normal(size=(90, 32)).astype("f4"))
    pictures.pooled[80:] = pictures.pooled[:10] * 1.5  # the last ten are copies of the first
    drawings = plan_drawings(90, 120, seed=0)
    rows = len(drawings)
    drawn = Features(rng.normal(size=(rows, 8)).astype("f4"), rng.normal(size=(rows, 32)).astype("f4"))
    return assemble(pictures, drawn, drawings, lambda features: features.pooled, SIZES, seed=0)


def test_copies_are_in_the_same_fold(folder: Folder) -> None:
    assert (folder.folds[80:] == folder.folds[:10]).all()
    assert set(folder.folds.tolist()) == set(range(FOLDS))


def test_a_fold_sees_nothing_drawn_from_what_it_is_held_out_for(folder: Folder) -> None:
    teaches = np.ones(90, bool)
    teaches[5] = False
    seen = folder.examples(teaches)
    for fold in range(FOLDS):
        held_out = set(np.flatnonzero((folder.folds == fold) | ~teaches).tolist())
        assert not held_out & set(np.flatnonzero(seen.sees_normal[fold, :90]).tolist())
        assert not held_out & set(folder.harmless_sources[seen.sees_normal[fold, 90:]].tolist())
        assert not held_out & set(folder.junk_sources[seen.sees_junk[fold]].tolist())


def test_every_picture_is_measured_by_the_fold_that_has_not_seen_it(folder: Folder) -> None:
    measures = np.arange(FOLDS)[:, None] + np.zeros((1, 90))
    assert (folder.held_out(measures) == folder.folds).all()


def test_the_last_group_weighs_double_and_outliers_are_cut_off() -> None:
    rows = np.random.default_rng(1).normal(size=(500, 4)).astype("f4")
    scaling = Scaling.fit(rows, last_group=1)
    assert scaling(rows).std(axis=0).round(1).tolist() == pytest.approx([1, 1, 1, 2], abs=0.2)
    assert np.abs(scaling(rows * 100)).max(axis=0).tolist() == [5, 5, 5, 10]
