"""Learn a perceptual model from features: clean the folder, fit the experts, hold out every picture once, fuse.

It starts after features are computed and ends before anything is exported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imgwatch.calibration.fusion import Fusion, fit_robustly
from imgwatch.calibration.head import Head
from imgwatch.calibration.neighbours import Directions, Integers, Mask, choose_bank, distances_to_bank
from imgwatch.calibration.selection import Selection, select
from imgwatch.nearest import unit
from imgwatch_train.perceptual.autoencoders import Autoencoders, fit_autoencoders
from imgwatch_train.perceptual.examples import FOLDS, Folder, Plan, Scaling
from imgwatch_train.perceptual.features import Features
from imgwatch_train.perceptual.general import General
from imgwatch_train.perceptual.pseudo_junk import KIND_OF, KINDS

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Learnt:
    """The parts of a perceptual model, and its held-out measures of the folder's own pictures.

    `bank` [M, E]; `centre` and `spread` [E] of the embedding; `measures` [N, 2 + K];
    `groups` [N] of near-duplicates; `is_outlier` [N]; `look_alikes`: how many of them look like each kind of junk.
    """

    scaling: Scaling
    autoencoders: Autoencoders
    general: General
    head: Head
    bank: Directions
    centre: Floats
    spread: Floats
    fusion: Fusion
    measures: Floats
    groups: Integers
    selection: Selection
    is_outlier: Mask
    look_alikes: dict[str, int]

    def measure(self, pictures: Features) -> Floats:
        """Return the measures [N, 2 + K] of new pictures by the mean of all folds, as in the exported graph."""
        x = self.scaling(pictures.statistics)
        nobody = np.full(len(x), -1)
        distances = distances_to_bank(unit(pictures.pooled), self.bank, nobody, np.zeros(len(self.bank), int))
        reconstruction = self.autoencoders.measure(x).mean(axis=0)
        return _columns(reconstruction, distances, self.head(self.general.project(pictures)))


def learn(  # noqa: PLR0913 - a folder's features, the general knowledge, and progress
    folder: Folder,
    general: General,
    pooled: Floats,
    plan: Plan,
    progress: Callable[[int, int], None],
    trusted: Mask,
) -> Learnt:
    """Learn from a folder; `pooled` [N, E] are its embeddings by the backbone.

    Pictures that the user has `trusted`, a mask [N], teach however strange they look, and are no outliers.
    """
    selection = _select(folder, general)
    selection = replace(selection, is_judged=selection.is_judged & ~trusted)
    examples = folder.examples(selection.teaches)
    autoencoders = fit_autoencoders(examples, plan, progress)
    bank = choose_bank(np.flatnonzero(selection.teaches), plan.seed)
    directions, groups = folder.directions, folder.groups
    measures = _columns(
        folder.held_out(autoencoders.measure(folder.normal)),
        distances_to_bank(directions, directions[bank], groups, groups[bank]),
        _held_out_odds(folder, general, selection.teaches),
    )
    fusion, is_outlier = fit_robustly(measures, ~selection.is_judged, plan.stranger, odds_compare=True)
    scaling = Scaling.fit(pooled)
    return Learnt(
        scaling=folder.scaling,
        autoencoders=autoencoders,
        general=general,
        head=_fit_head(folder, general, selection.teaches),
        bank=directions[bank],
        centre=scaling.centre,
        spread=scaling.spread,
        fusion=fusion,
        measures=measures,
        groups=groups,
        selection=selection,
        is_outlier=is_outlier & ~trusted,
        look_alikes=general.junk.look_alikes(folder.projected),
    )


def _select(folder: Folder, general: General) -> Selection:
    """Return the selection without copies and the strangest, by heads that have not seen the judged picture."""

    def odds_of(teaches: Mask) -> Floats:
        odds: Floats = _held_out_odds(folder, general, teaches).max(axis=1)
        return odds

    return select(unit(folder.normal), folder.directions, folder.groups, odds_of)


def _fit_head(folder: Folder, general: General, sees: Mask) -> Head:
    """Fit the head to the normal pictures in the mask `sees` [N], and to junk drawn from them."""
    normal = np.concatenate(
        (folder.projected[sees], folder.projected_harmless[sees[folder.harmless_sources]])
    )
    junk = {
        KIND_OF[name]: folder.projected_junk[(folder.kinds == number) & sees[folder.junk_sources]]
        for number, name in enumerate(KINDS)
        if KIND_OF[name] in general.drawn
    }
    return general.junk.fit(normal, {kind: rows for kind, rows in junk.items() if len(rows)})


def _held_out_odds(folder: Folder, general: General, teaches: Mask) -> Floats:
    """Return the log odds [N, K], each by the head of a fold that has not seen the picture."""
    odds = np.empty((len(folder.projected), len(general.junk.kinds)), np.float32)
    for fold in range(FOLDS):
        is_held_out = folder.folds == fold
        odds[is_held_out] = _fit_head(folder, general, teaches & ~is_held_out)(folder.projected[is_held_out])
    return odds


def _columns(reconstruction: Floats, distances: NDArray[np.floating], odds: Floats) -> Floats:
    return np.concatenate((reconstruction[:, None], distances[:, None], odds), axis=1).astype(np.float32)
