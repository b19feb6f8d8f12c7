"""Select the pictures of a folder from which a model learns: copies count once, the strangest are left out.

Those left out are still scored, and shown to the user. It measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imgwatch.calibration.fusion import SurprisalCurves
from imgwatch.calibration.neighbours import (
    NEAREST,
    Directions,
    Floats,
    Integers,
    Mask,
    distances_to_bank,
    spread_out,
)

_STRANGEST = 0.05
_ROUNDS = 2
_WIDE = 0.1  # of the folder: in so wide a neighbourhood three scanned pages do not excuse one another


@dataclass(frozen=True)
class Selection:
    """Masks [N] of pictures: copies of others (thinned), and the strangest (judged)."""

    is_thinned: Mask
    is_judged: Mask

    @property
    def teaches(self) -> Mask:
        """A mask [N] of the pictures to learn from."""
        return np.asarray(~(self.is_thinned | self.is_judged))


def select(
    looks: Directions, directions: Directions, groups: Integers, odds_of: Callable[[Mask], Floats]
) -> Selection:
    """Thin a folder by `looks` [N, D], then judge it twice, the second time without the strangest of the first.

    `directions` [N, E] and `groups` [N] are for neighbours; `odds_of(teaches)` returns the largest log odds of
    junk [N], of experts that have learned only from pictures that teach and never from the one they judge.
    """
    is_thinned = ~spread_out(looks)
    is_judged = np.zeros(len(looks), bool)
    for _ in range(_ROUNDS):
        teaches = ~is_thinned & ~is_judged
        bank = np.flatnonzero(teaches)
        near, wide = (
            distances_to_bank(directions, directions[bank], groups, groups[bank], nearest)
            for nearest in (NEAREST, max(NEAREST, round(_WIDE * len(bank))))
        )
        odds = _surprisal(odds_of(teaches))
        strangeness = odds**2 + np.maximum(_surprisal(near), _surprisal(wide)) ** 2
        is_judged = strangeness >= np.quantile(strangeness, 1 - _STRANGEST)
    return Selection(is_thinned, is_judged)


def _surprisal(measure: Floats) -> Floats:
    return SurprisalCurves.fit(measure)(measure[:, None])[:, 0]
