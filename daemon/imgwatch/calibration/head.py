"""The head, which knows junk by kind: a linear discriminant, fitted to each folder in closed form.

Its knowledge of junk is in the model file, as means and covariances of synthetic junk; what is normal, the
user's own pictures show. It reads no picture and sets no threshold.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from imgwatch.errors import ModelError
from imgwatch.judgement import Kind

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

KEY = "imgwatch_junk"  # of the model file's metadata
SHRINKAGE = 0.5  # of the covariance towards a sphere of the same size
_PRIOR_OF_MEAN, _PRIOR_OF_COVARIANCE = 10, 100  # general normal pictures that a user's own ones stand beside
_FOLDS = 10


@dataclass(frozen=True)
class Head:
    """Log odds of each kind of junk against normal, linear in the projection: `weights` [R, K], `biases` [K]."""

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def __call__(self, projected: Floats) -> NDArray[np.float32]:
        """Return the log odds [N, K] of pictures that project to [N, R]."""
        return np.asarray(projected @ self.weights + self.biases, np.float32)


@dataclass(frozen=True)
class JunkStatistics:
    """Statistics of K `kinds` of junk, and of normal pictures in general.

    `means` [K, R] and `covariance` [R, R], the kinds' mean, of junk; `normal_mean` [R] and `normal_covariance` [R, R].
    """

    kinds: tuple[Kind, ...]
    means: NDArray[np.float32]
    covariance: NDArray[np.float32]
    normal_mean: NDArray[np.float32]
    normal_covariance: NDArray[np.float32]

    @classmethod
    def of(cls, normal: Floats, junk: Mapping[Kind, Floats]) -> Self:
        """Return the statistics of projected pictures: `normal` [N, R], and for each kind `junk` [J, R]."""
        kinds = tuple(kind for kind in Kind if kind in junk)
        return cls(
            kinds,
            np.stack([_float32(junk[kind].mean(axis=0)) for kind in kinds]),
            _float32(np.mean([_covariance(junk[kind]) for kind in kinds], axis=0)),
            _float32(normal.mean(axis=0)),
            _float32(_covariance(normal)),
        )

    def fit(self, normal: Floats, drawn: Mapping[Kind, Floats] | None = None) -> Head:
        """Fit Fisher's discriminant (Hastie, Tibshirani and Friedman 2009, section 4.3) with a shrunken covariance.

        `normal` [N, R] are a user's own pictures, and harmless variations of them; junk that was `drawn` from them
        [J, R] replaces its kind's general statistics: how a blurred picture looks depends on the folder.
        """
        means, covariance = self.means.astype(np.float64), self.covariance.astype(np.float64)
        drawn, known = drawn or {}, len(self.kinds)
        for kind, rows in drawn.items():
            means[self.kinds.index(kind)] = rows.mean(axis=0)
        spreads = [covariance * known, *(_covariance(rows) for rows in drawn.values())]
        covariance = np.sum(spreads, axis=0) / (known + len(drawn))
        count = len(normal)
        mean = (normal.sum(axis=0) + _PRIOR_OF_MEAN * self.normal_mean) / (count + _PRIOR_OF_MEAN)
        own = count * _covariance(normal) + _PRIOR_OF_COVARIANCE * self.normal_covariance
        within = (covariance + own / (count + _PRIOR_OF_COVARIANCE)) / 2
        within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
        classes = np.concatenate((mean[None], means)).T
        weights = np.linalg.solve(within, classes)
        biases = -0.5 * (classes * weights).sum(axis=0)
        return Head(_float32(weights[:, 1:] - weights[:, :1]), _float32(biases[1:] - biases[:1]))

    def held_out(self, normal: Floats, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the log odds [N, K] of normal pictures, each by a head that has seen neither it nor its group."""
        order = np.random.default_rng(0).permutation(int(groups.max()) + 1)
        folds = order[groups] % _FOLDS
        odds = np.empty((len(normal), len(self.kinds)), np.float32)
        for fold in np.unique(folds):
            odds[folds == fold] = self.fit(normal[folds != fold])(normal[folds == fold])
        return odds

    def look_alikes(self, normal: Floats) -> dict[str, int]:
        """Count the normal pictures [N, R] that look like each kind to somebody who knows no folder: likeliest it, and
        with log odds of more than half of what its average example has."""
        general = self.fit(self.normal_mean[None])
        average = general(self.means).diagonal()
        odds = general(normal)
        likeliest = odds.argmax(axis=1)
        is_alike = odds[np.arange(len(odds)), likeliest] > average[likeliest] / 2
        counts = np.bincount(likeliest[is_alike], minlength=len(self.kinds))
        return {str(kind): int(count) for kind, count in zip(self.kinds, counts, strict=True)}

    def packed(self) -> str:
        """Return it as text for a model's metadata, with one half of each covariance."""
        upper = np.triu_indices(len(self.normal_mean))
        content = io.BytesIO()
        np.savez_compressed(
            content,
            kinds=np.array([str(kind) for kind in self.kinds]),
            means=self.means,
            covariance=self.covariance[upper].astype(np.float16),
            normal_mean=self.normal_mean,
            normal_covariance=self.normal_covariance[upper].astype(np.float16),
        )
        return base64.b64encode(content.getvalue()).decode()

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """Return what `packed` wrote. Raises ModelError."""
        try:
            with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as stored:
                return cls(
                    tuple(Kind(kind) for kind in stored["kinds"].tolist()),
                    stored["means"],
                    _symmetric(stored["covariance"], stored["means"].shape[1]),
                    stored["normal_mean"],
                    _symmetric(stored["normal_covariance"], stored["means"].shape[1]),
                )
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as fault:
            raise ModelError(f"what the model knows of junk is damaged ({fault}); train it again") from fault


def _covariance(rows: Floats) -> NDArray[np.float64]:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / len(rows), np.float64)


def _symmetric(upper: NDArray[np.float16], side: int) -> NDArray[np.float32]:
    matrix = np.zeros((side, side), np.float32)
    matrix[np.triu_indices(side)] = upper
    return matrix + np.triu(matrix, 1).T


def _float32(values: Floats) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
