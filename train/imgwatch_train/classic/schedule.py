"""Which pictures a classic recipe trains on, and when: all of them, or subset by subset. It fits nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imgwatch.settings import ConvSettings, DenseSettings
from imgwatch_train.data.dataset import Split
from imgwatch_train.data.pixel_file import Rows


@dataclass(frozen=True)
class Schedule:
    """How to fit: `steps` steps of at most `epochs` epochs over `rows_of(step)`, a checkpoint after each.

    `patience`: epochs without a better validation loss that end a step, whose best weights are then restored;
    None: no early stopping. `keeps_best`: the result is the best step's weights, not the last one's.
    """

    steps: int
    epochs: int
    batch: int
    learning_rate: float
    patience: int | None
    keeps_best: bool
    augments: bool
    rows_of: Callable[[int], Rows]
    validation: Rows
    seed: int


def dense_schedule(settings: DenseSettings, rows: Split, seed: int) -> Schedule:
    """Return a schedule: all training pictures every epoch, a checkpoint after each; the last weights count."""
    return Schedule(
        steps=settings.epochs,
        epochs=1,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        patience=None,
        keeps_best=False,
        augments=False,
        rows_of=lambda step: rows.train,
        validation=rows.validation,
        seed=seed,
    )


def conv_schedule(settings: ConvSettings, rows: Split, seed: int) -> Schedule:
    """Return a schedule: a subset per step with early stopping; the step of lowest validation loss counts."""
    return Schedule(
        steps=settings.subsets,
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        patience=settings.patience,
        keeps_best=True,
        augments=settings.augment,
        rows_of=lambda step: draw_subset(settings, rows, seed, step),
        validation=rows.validation,
        seed=seed,
    )


def draw_subset(settings: ConvSettings, rows: Split, seed: int, step: int) -> Rows:
    """Return the rows of one subset: its share of misbehaving pictures, the rest normal ones.

    Subsets do not overlap until every normal picture was drawn; then a new pass begins, shuffled again.
    """
    odd = min(settings.misbehaving_per_subset, len(rows.misbehaving), settings.subset_pictures - 1)
    size = min(settings.subset_pictures - odd, len(rows.train))
    a_pass = len(rows.train) // size
    shuffled = np.random.default_rng((seed, step // a_pass)).permutation(rows.train)
    start = step % a_pass * size
    drawn = np.random.default_rng((seed, step, odd)).permutation(rows.misbehaving)[:odd]
    return np.concatenate((shuffled[start : start + size], drawn))
