"""Learn a perceptual model from numbers: clean the folder, fit the experts, hold out every picture once, fuse.

It starts where features are computed and ends before anything is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imgwatch.calibration.fusion import Fusion, fit_robustly
from imgwatch.calibration.neighbours import Directions, Integers, Mask, choose_bank, distances_to_bank, unit
from imgwatch.calibration.selection import Selection, select
from imgwatch_train.perceptual.examples import Folder, Plan, Scaling
from imgwatch_train.perceptual.experts import Autoencoders, Heads, fit_autoencoders, fit_heads
from imgwatch_train.perceptual.features import Features

Floats = NDArray[np.float32]
_QUICK_STEPS = 100  # of a throw-away head


@dataclass(frozen=True)
class Learnt:
    """The parts of a perceptual model, and what it says of the folder's own pictures while they were held out.

    `bank` [M, E]; `centre` and `spread` [E] of the embedding; `measures` [N, 2 + K];
    `groups` [N] of near-duplicates; `is_outlier` [N].
    """

    scaling: Scaling
    autoencoders: Autoencoders
    heads: Heads
    bank: Directions
    centre: Floats
    spread: Floats
    fusion: Fusion
    measures: Floats
    groups: Integers
    selection: Selection
    is_outlier: Mask

    def measure(self, pictures: Features) -> Floats:
        """Measure new pictures with the mean of all folds, [N, 2 + K]; the exported graph does the same."""
        x = self.scaling(pictures.statistics)
        nobody = np.full(len(x), -1)
        distances = distances_to_bank(unit(pictures.pooled), self.bank, nobody, np.zeros(len(self.bank), int))
        reconstruction = self.autoencoders.measure(x).mean(axis=0)
        return _columns(reconstruction, distances, self.heads.measure(x).mean(axis=0))


def learn(
    folder: Folder, pooled: Floats, plan: Plan, progress: Callable[[int, int], None], trusted: Mask
) -> Learnt:
    """Learn from a folder; `pooled` [N, E] are its embeddings as the backbone gave them.

    Pictures that the user has `trusted` [N] for teach however strange they look, and are no outliers.
    """
    selection = _select(folder)
    selection = replace(selection, is_judged=selection.is_judged & ~trusted)
    examples = folder.examples(selection.teaches)
    heads = fit_heads(examples)
    autoencoders = fit_autoencoders(examples, plan, progress)
    bank = choose_bank(np.flatnonzero(selection.teaches), plan.seed)
    directions, groups = folder.directions, folder.groups
    measures = _columns(
        folder.held_out(autoencoders.measure(folder.normal)),
        distances_to_bank(directions, directions[bank], groups, groups[bank]),
        folder.held_out(heads.measure(folder.normal)),
    )
    fusion, is_outlier = fit_robustly(measures, ~selection.is_judged, plan.stranger)
    scaling = Scaling.fit(pooled)
    return Learnt(
        scaling=folder.scaling,
        autoencoders=autoencoders,
        heads=heads,
        bank=directions[bank],
        centre=scaling.centre,
        spread=scaling.spread,
        fusion=fusion,
        measures=measures,
        groups=groups,
        selection=selection,
        is_outlier=is_outlier & ~trusted,
    )


def _select(folder: Folder) -> Selection:
    """Leave out copies and the strangest, by throw-away heads that have not seen the picture they judge."""

    def odds_of(teaches: Mask) -> Floats:
        heads = fit_heads(folder.examples(teaches), _QUICK_STEPS)
        odds: Floats = folder.held_out(heads.measure(folder.normal)).max(axis=1)
        return odds

    return select(unit(folder.normal), folder.directions, folder.groups, odds_of)


def _columns(reconstruction: Floats, distances: NDArray[np.floating], odds: Floats) -> Floats:
    return np.concatenate((reconstruction[:, None], distances[:, None], odds), axis=1).astype(np.float32)
