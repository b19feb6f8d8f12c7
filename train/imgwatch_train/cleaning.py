"""Decide which pictures of a folder teach the model: copies count once, the strangest are left out.

What is left out is still scored, and shown to the user. It fits throw-away heads and keeps none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imgwatch.fusion import Ramps
from imgwatch.neighbours import Floats, Integers, Mask, distances_to_bank, spread_out, unit
from imgwatch_train.examples import Folder
from imgwatch_train.experts import fit_heads

_STRANGEST = 0.05
_ROUNDS = 2
_QUICK_STEPS = 100
_WIDE = 0.1  # of the folder: in its neighbourhood three scanned pages are no longer one another's excuse


@dataclass(frozen=True)
class Cleaned:
    """For each picture: is it a copy of the same (thinned), and is it among the strangest (judged)?"""

    is_thinned: Mask
    is_judged: Mask

    @property
    def teaches(self) -> Mask:
        """Which pictures are learnt from."""
        return ~(self.is_thinned | self.is_judged)


def clean(folder: Folder) -> Cleaned:
    """Thin the folder, then judge it twice: the second round is not misled by what the first one left out."""
    is_thinned = ~spread_out(unit(folder.normal))
    is_judged = np.zeros(len(is_thinned), bool)
    for _ in range(_ROUNDS):
        strangeness = _judge(folder, ~is_thinned & ~is_judged)
        is_judged = strangeness >= np.quantile(strangeness, 1 - _STRANGEST)
    return Cleaned(is_thinned, is_judged)


def _judge(folder: Folder, teaches: Mask) -> Floats:
    """Return how strange each picture is to a head that has not seen it and to its neighbours, [N]."""
    heads = fit_heads(folder.examples(teaches), _QUICK_STEPS)
    odds = folder.held_out(heads.measure(folder.normal)).max(axis=1)
    bank = np.flatnonzero(teaches)
    near, wide = (_distances(folder, bank, nearest) for nearest in (5, max(5, round(_WIDE * len(bank)))))
    return np.asarray(_surprise(odds) ** 2 + np.maximum(_surprise(near), _surprise(wide)) ** 2)


def _distances(folder: Folder, bank: Integers, nearest: int) -> Floats:
    return distances_to_bank(
        folder.directions, folder.directions[bank], folder.groups, folder.groups[bank], nearest
    )


def _surprise(measure: Floats) -> Floats:
    return Ramps.fit(measure)(measure[:, None])[:, 0]
