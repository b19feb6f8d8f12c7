"""A folder as input for the experts: normalised statistics, pseudo-junk drawn from it, and disjoint folds.

A fold never sees a picture that it is held out for, a near-duplicate of it, or anything drawn from either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.calibration.neighbours import Directions, Integers, Mask, near_duplicates
from imgwatch.nearest import unit
from imgwatch_train.perceptual.features import Features
from imgwatch_train.perceptual.pseudo_junk import KINDS

FOLDS = 5
HARMLESS = 1 / 3  # of the number of pseudo-junk pictures
_LARGEST = 5.0  # in spreads: what lies farther out is cut off
_LAST_GROUP_WEIGHT = 2.0  # sharpness: 32 columns beside a thousand that hardly see motion blur

Floats = NDArray[np.float32]
Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Drawing:
    """A picture to draw: its kind, the row of the folder that it is drawn from, and the seed."""

    kind: str
    source: int
    seed: tuple[int, ...]


def plan_drawings(pictures: int, junk: int, seed: int) -> list[Drawing]:
    """Return a plan of pseudo-junk, and harmless variations; each picture is used equally often."""
    rng = np.random.default_rng((seed, 3))
    kinds = [KINDS[number % len(KINDS)] for number in range(junk)] + ["harmless"] * round(HARMLESS * junk)
    passes = [rng.permutation(pictures) for _ in range(len(kinds) // pictures + 1)]
    sources = np.concatenate(passes)[: len(kinds)].tolist()
    return [
        Drawing(kind, source, (seed, 4, number))
        for number, (kind, source) in enumerate(zip(kinds, sources, strict=True))
    ]


@dataclass(frozen=True)
class Plan:
    """The settings of the fit: `sizes` of the groups of statistics, units, passes over the folder, the seed.

    `stranger` is the distance of unrelated pictures in the embedding, if it is known.
    """

    sizes: tuple[int, ...]
    seed: int = 0
    hidden: int = 192
    latent: int = 64
    epochs: int = 40
    stranger: float | None = None


@dataclass(frozen=True)
class Scaling:
    """How statistics are normalised: (x - centre) / spread, cut off at 5 spreads, times weight; all [D]."""

    centre: Floats
    spread: Floats
    weight: Floats

    @classmethod
    def fit(cls, rows: Floats, last_group: int = 0) -> Scaling:
        """Fit to rows [N, D]: median, and max(1.4826 MAD, half the deviation); the last columns weigh double."""
        centre = np.median(rows, axis=0)
        spread = np.maximum(1.4826 * np.median(np.abs(rows - centre), axis=0), 0.5 * rows.std(axis=0)) + 1e-6
        weight = np.where(np.arange(len(centre)) < len(centre) - last_group, 1.0, _LAST_GROUP_WEIGHT)
        return cls(*(np.asarray(values, np.float32) for values in (centre, spread, weight)))

    def __call__(self, rows: Floats) -> Floats:
        """Return rows [N, D], normalised."""
        return np.asarray(
            np.clip((rows - self.centre) / self.spread, -_LARGEST, _LARGEST) * self.weight, np.float32
        )


@dataclass(frozen=True)
class Examples:
    """What the folds learn from: rows `normal` [N, D] and `junk` [J, D] of `kinds` [J] counting from 0.

    `sees_normal` [F, N] and `sees_junk` [F, J] say which of them each fold may see.
    """

    normal: Floats
    junk: Floats
    kinds: Integers
    sees_normal: Masks
    sees_junk: Masks


@dataclass(frozen=True)
class Folder:
    """N normal pictures and what was drawn from them, as numbers.

    `normal`, `harmless`, `junk`: normalised statistics; `kinds` [J] of the junk; `*_sources`: rows of `normal`;
    `directions` [N, E]; `groups` [N] of near-duplicates and `folds` [N] that keep them together. `projected` [N, R],
    `projected_harmless` and `projected_junk` are what the head is linear in.
    """

    normal: Floats
    harmless: Floats
    junk: Floats
    kinds: Integers
    harmless_sources: Integers
    junk_sources: Integers
    directions: Directions
    groups: Integers
    folds: Integers
    scaling: Scaling
    projected: Floats
    projected_harmless: Floats
    projected_junk: Floats

    def examples(self, teaches: Mask) -> Examples:
        """Return what each fold may learn from if only pictures in the mask `teaches` [N] are used."""
        fold = np.arange(FOLDS)[:, None]
        normal = (self.folds != fold) & teaches
        return Examples(
            np.concatenate((self.normal, self.harmless)),
            self.junk,
            self.kinds,
            np.concatenate((normal, normal[:, self.harmless_sources]), axis=1),
            normal[:, self.junk_sources],
        )

    def held_out(self, measures: NDArray[Any]) -> NDArray[Any]:
        """Return of every fold's measures [F, N, ...] those of the fold that has not seen the picture, [N, ...]."""
        return measures[self.folds, np.arange(len(self.folds))]


def assemble(  # noqa: PLR0913 - all that a folder is known by
    pictures: Features,
    drawn: Features,
    drawings: Sequence[Drawing],
    project: Callable[[Features], Floats],
    sizes: Sequence[int],
    seed: int,
) -> Folder:
    """Return features normalised and divided into folds; `sizes` are those of the groups of statistics."""
    kinds = np.array([KINDS.index(d.kind) if d.kind in KINDS else -1 for d in drawings])
    sources = np.array([d.source for d in drawings])
    is_junk = kinds >= 0
    scaling = Scaling.fit(np.concatenate((pictures.statistics, drawn.statistics)), sizes[-1])
    directions = unit(pictures.pooled)
    groups = near_duplicates(directions)
    order = np.random.default_rng((seed, 5)).permutation(groups.max() + 1)
    rows, projected = scaling(drawn.statistics), project(drawn)
    return Folder(
        normal=scaling(pictures.statistics),
        harmless=rows[~is_junk],
        junk=rows[is_junk],
        kinds=kinds[is_junk],
        harmless_sources=sources[~is_junk],
        junk_sources=sources[is_junk],
        directions=directions,
        groups=groups,
        folds=order[groups] % FOLDS,
        scaling=scaling,
        projected=project(pictures),
        projected_harmless=projected[~is_junk],
        projected_junk=projected[is_junk],
    )
