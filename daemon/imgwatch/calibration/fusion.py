"""Fuse the experts' measures into one score: how surprising each is among normal pictures, and all together.

It is arithmetic on a model's measures; `imgwatch train` and `imgwatch calibrate` both fit it, and
a model file computes the same. It runs no model and sets no threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imgwatch.model.contract import Part

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

# Columns of measures: the two parts that say how strange a picture is, then one for each kind of junk.
RECONSTRUCTION, NEIGHBOURS, FIRST_KIND = range(3)
STRANGER_PARTS = (
    Part(name="redrawing", kind="error", says="unlike your pictures overall"),
    Part(name="neighbours", kind="expert", says="unlike any of your pictures"),
)
RAMPS = 32
TAIL = 0.1  # share of the normal pictures from which the tail is fitted
# Weights of reconstruction, head and neighbours. Fourth powers favour the most surprised expert: with squares, two
# experts that are mildly surprised by odd normal pictures set a threshold that shaken ones no longer reach.
WEIGHTS = (0.25, 1.5, 1.5)
POWER = 4
_CLEAR = 0.01  # an outlier is clear where an exponential tail has this share left
_MOST_OUTLIERS = 0.06
_NARROWEST = 1e-6
# Neighbours count in full if at most this share of the folder is as far from the rest as an unrelated picture.
_STRANGERS = 0.05


@dataclass(frozen=True)
class SurprisalCurves:
    """R functions from a measure to its surprisal, -log of the share of normal pictures above it.

    Piecewise linear up to the top tenth, `starts` and `rates` [R, RAMPS] of ramps that each add the same;
    above it exponential, from `ends` [R] with rate `tails` [R]. `volumes` [R], 1 or less, is how much each counts.
    """

    starts: NDArray[np.float32]
    rates: NDArray[np.float32]
    ends: NDArray[np.float32]
    tails: NDArray[np.float32]
    volumes: NDArray[np.float32]

    @classmethod
    def fit(cls, normal: Floats) -> Self:
        """Fit one curve to the measures [N] of normal pictures."""
        shares = np.exp(-np.linspace(0.0, -np.log(TAIL), RAMPS + 1))
        knots = np.quantile(np.asarray(normal, np.float64), 1.0 - shares)
        excess = float(np.mean(normal[normal >= knots[-1]] - knots[-1])) if len(normal) else 0.0
        rates = 1.0 / np.maximum(np.diff(knots), _NARROWEST)
        tail = 1.0 / max(excess, _NARROWEST)
        return cls(*(np.asarray(row, np.float32)[None] for row in (knots[:-1], rates, knots[-1], tail, 1)))

    @classmethod
    def stack(cls, rows: list[Self]) -> Self:
        """Return several curves as one object."""
        return cls(
            *(np.concatenate([getattr(row, field.name) for row in rows]) for field in fields(cls)),
        )

    def __getitem__(self, rows: int | slice) -> SurprisalCurves:
        """Return one or some of the curves."""
        chosen = rows if isinstance(rows, slice) else slice(rows, rows + 1)
        return SurprisalCurves(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def at_volumes(self, volumes: Floats) -> SurprisalCurves:
        """Return the same curves with these volumes [R]."""
        return replace(self, volumes=np.asarray(volumes, np.float32))

    def __call__(self, measures: Floats) -> Floats:
        """Return surprisals [N, R] of measures [N, R]."""
        x = np.asarray(measures, np.float32)
        step = -np.log(TAIL) / self.starts.shape[1]
        ramps = np.clip((x[..., None] - self.starts) * self.rates, 0, 1).sum(axis=-1, dtype=np.float32) * step
        return np.asarray((ramps + np.maximum(x - self.ends, 0) * self.tails) * self.volumes, np.float32)


@dataclass(frozen=True)
class Fusion:
    """The fitted curves: one per measure [2 + K], then three of the head: plain and calibrated maximum, and both."""

    ramps: SurprisalCurves

    @classmethod
    def fit(
        cls,
        measures: Floats,
        stranger: float | None = None,
        *,
        odds_compare: bool = False,
        has_learned: bool = False,
    ) -> Self:
        """Fit to the measures [N, 2 + K] of normal pictures that no expert was fitted on.

        `stranger` is the distance of a picture to neighbours that it has nothing in common with. If many normal
        pictures are that far apart, distance says little, and neighbours count for less. None: in full.
        `odds_compare`: the log odds of different kinds are comparable, so that the largest counts as it is.
        `has_learned`: the autoencoder was fitted on some of them, and is left out.
        """
        rows = [SurprisalCurves.fit(column) for column in measures.T]
        if stranger is not None:
            surprisal = rows[NEIGHBOURS](np.array([[stranger]]))[0] / -np.log(_STRANGERS)
            rows[NEIGHBOURS] = rows[NEIGHBOURS].at_volumes(np.minimum(surprisal, 1.0))
        if has_learned:
            rows[RECONSTRUCTION] = rows[RECONSTRUCTION].at_volumes(np.zeros(1))
        plain = measures[:, FIRST_KIND:].max(axis=1)
        calibrated = SurprisalCurves.stack(rows[FIRST_KIND:])(measures[:, FIRST_KIND:]).max(axis=1)
        of_calibrated = SurprisalCurves.fit(calibrated).at_volumes(np.array([0.0 if odds_compare else 1.0]))
        rows += [SurprisalCurves.fit(plain), of_calibrated]
        either = np.maximum(rows[-2](plain[:, None]), rows[-1](calibrated[:, None]))[:, 0]
        return cls(SurprisalCurves.stack([*rows, SurprisalCurves.fit(either)]))

    def surprisals(self, measures: Floats) -> Floats:
        """Return the surprisal of each measure, [N, 2 + K]."""
        return self.ramps[: self._count](measures)

    def parts(self, measures: Floats) -> Floats:
        """Return the parts of a score, [N, 2 + K]: two surprisals, and the log odds of each kind."""
        return np.concatenate((self.surprisals(measures)[:, :FIRST_KIND], measures[:, FIRST_KIND:]), axis=1)

    def score(self, measures: Floats) -> Floats:
        """Return the score [N]: the root of the weighted powers of three experts' surprisals."""
        surprisals, count = self.surprisals(measures), self._count
        plain = self.ramps[count](measures[:, FIRST_KIND:].max(axis=1)[:, None])
        calibrated = self.ramps[count + 1](surprisals[:, FIRST_KIND:].max(axis=1)[:, None])
        head = self.ramps[count + 2](np.maximum(plain, calibrated))[:, 0]
        experts = np.stack((surprisals[:, RECONSTRUCTION], head, surprisals[:, NEIGHBOURS]), axis=1)
        return np.asarray((experts**POWER @ np.asarray(WEIGHTS)) ** (1 / POWER), np.float32)

    def without_folder(self) -> Fusion:
        """Return a fusion of the head alone, without reconstruction and neighbours.

        These compare a picture with the training folder, which means nothing in another folder.
        """
        volumes = self.ramps.volumes.copy()
        volumes[:FIRST_KIND] = 0
        return Fusion(self.ramps.at_volumes(volumes))

    @property
    def _count(self) -> int:
        return len(self.ramps.ends) - 3


def fit_robustly(
    measures: Floats,
    trusted: Mask,
    stranger: float | None = None,
    *,
    odds_compare: bool = False,
    has_learned: bool = False,
) -> tuple[Fusion, Mask]:
    """Fit a fusion although some pictures may be junk; return it and a mask [N] of the clear outliers.

    It starts with the `trusted` pictures [N], then refits twice to all but the clear outliers. `stranger`,
    `odds_compare` and `has_learned` are those of `Fusion.fit`.
    """

    def fit(rows: Floats) -> Fusion:
        return Fusion.fit(rows, stranger, odds_compare=odds_compare, has_learned=has_learned)

    fusion, outliers = fit(measures[trusted]), np.zeros(len(measures), bool)
    for _ in range(2):
        outliers = clear_outliers(fusion.score(measures))
        fusion = fit(measures[~outliers])
    return fusion, clear_outliers(fusion.score(measures))


def clear_outliers(scores: Floats) -> Mask:
    """Return which scores [N] are clear outliers: an exponential tail through the upper third has 1 % left there.

    At most 6 % of them: more would be a part of the folder, not its tail.
    """
    lower, upper = np.quantile(scores, [0.7, 0.9])
    limit = upper + (upper - lower) / np.log(3) * np.log(0.1 / _CLEAR)
    return np.asarray(scores > max(limit, float(np.quantile(scores, 1 - _MOST_OUTLIERS))))
