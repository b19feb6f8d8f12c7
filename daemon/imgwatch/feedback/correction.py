"""Learn from the user's decisions: a light head on the model's embedding, and near-identical copies.

Balanced, strongly regularised logistic regression of deleted against normal pictures, solved in the dual (far fewer
pictures than dimensions), calibrated by leave-one-out on the held-out normal pictures in the model file. A picture is
junk if score and head together are more surprising than for any held-out normal picture that the threshold keeps.
The head only adds to the score: what was caught before stays caught. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgwatch.calibration.fusion import SurprisalCurves
from imgwatch.model.reference_set import ReferenceSet
from imgwatch.nearest import nearest, relative_distances
from imgwatch.wording import counted

Floats = NDArray[np.float32]

# Of the vectors' length, with the model that ships: copies, re-encoded, scaled or cropped, are at most 0.45 apart and
# mostly 0.2 to 0.4; pictures of clothes from 0.75, screenshots from 0.3.
SAME = 0.4
# Fresh normal pictures are quarantined by the head at most so many times as often as by the score: docs/teaching.md.
COST = 0.5
FEWEST = 3  # deletions before the head speaks: fewer say what these pictures are, not what junk is
_HAIR = 1e-3  # of surprise: what rounding may lift over the threshold
_C = 3e-4
_ROUNDS = 12
_SETTLED = 1e-4


@dataclass(frozen=True)
class Example:
    """One decision: a picture that was deleted (junk) or restored, and when (seconds since 1970)."""

    sha256: str
    is_junk: bool
    at: float
    embedding: Floats | None  # None: the model that made it is not the one in use


@dataclass(frozen=True)
class TaughtHead:
    """Deleted against normal: `weights` [D] and `bias`, the `curves` of score and logit, and where it starts to add.

    A picture whose joint surprise exceeds `start` is above the `threshold` by the same amount.
    """

    weights: Floats
    bias: float
    curves: SurprisalCurves
    start: float
    threshold: float

    @classmethod
    def fit(cls, weights: Floats, bias: float, scores: Floats, logits: Floats, threshold: float) -> Self:
        """Return a head calibrated on the scores [N] and leave-one-out logits [N] of normal pictures."""
        curves = SurprisalCurves.stack([SurprisalCurves.fit(scores), SurprisalCurves.fit(logits)])
        joint = curves(np.stack((scores, logits), axis=1)).sum(axis=1)
        rarity = float(np.exp(-curves[0](np.array([[threshold]], np.float32))[0, 0]))
        return cls(weights, bias, curves, _start(joint, scores <= threshold, rarity), threshold)

    def added(self, scores: Floats, logits: Floats) -> Floats:
        """Return what is added to scores [N] for logits [N] of the head."""
        beyond = self.curves(np.stack((scores, logits), axis=1)).sum(axis=1) - self.start
        lifted = np.maximum(self.threshold + beyond - scores, 0.0)
        return np.asarray(np.where(beyond > 0, lifted, 0.0), dtype=np.float32)


@dataclass(frozen=True)
class Correction:
    """What the decisions taught: a `head`, or None while there are too few deletions."""

    examples: tuple[Example, ...]
    head: TaughtHead | None
    recognisable: tuple[Example, ...]  # those whose near-identical copies are recognised
    normal_scores: Floats | None = (
        None  # of the held-out normal pictures, with what the head adds to strangers
    )

    @classmethod
    def learn(cls, examples: Sequence[Example], normals: ReferenceSet | None, threshold: float) -> Self:
        """Return the correction by these decisions; without a reference set in the model it recognises only copies."""
        junk = [e.embedding for e in examples if e.is_junk and e.embedding is not None]
        restored = [e.embedding for e in examples if not e.is_junk and e.embedding is not None]
        recognisable = _recognisable(examples, normals)
        if normals is None or len(junk) < FEWEST:
            return cls(tuple(examples), None, recognisable)
        x = np.concatenate([normals.embeddings, *(np.atleast_2d(vector) for vector in restored + junk)])
        is_junk = np.arange(len(x)) >= len(x) - len(junk)
        weights, bias, left_out = fit_head(x.astype(np.float64), is_junk)
        logits = left_out[: len(normals.scores)].astype(np.float32)
        head = TaughtHead.fit(weights, bias, normals.scores, logits, threshold)
        taught = normals.scores + head.added(normals.scores, logits)
        return cls(tuple(examples), head, recognisable, taught)

    def added(self, scores: Floats, embeddings: Floats) -> Floats:
        """Return what is added to the scores [N] of pictures with these embeddings [N, D]."""
        if self.head is None:
            return np.zeros(len(embeddings), dtype=np.float32)
        return self.head.added(scores, embeddings @ self.head.weights + self.head.bias)

    def same_as(self, sha256: str, embedding: Floats) -> Example | None:
        """Return the decision about this very picture, or else about the nearest near-identical one."""
        exact = next((example for example in self.examples if example.sha256 == sha256), None)
        if exact is not None or not self.recognisable:
            return exact
        known = np.stack([e.embedding for e in self.recognisable if e.embedding is not None])
        row, distance = nearest(embedding, known)
        return self.recognisable[row] if distance <= SAME else None

    @property
    def summary(self) -> str:
        """Return in words how much was learned."""
        return (
            f"learned from {counted(len(self.examples), 'decision')}"
            if self.examples
            else "nothing learned yet"
        )


def fit_head(x: NDArray[np.float64], is_junk: NDArray[np.bool_]) -> tuple[Floats, float, NDArray[np.float64]]:
    """Fit balanced logistic regression with an L2 penalty (1/2 |w|^2 + C sum of losses) by Newton's method in the dual.

    Return weights [D], the bias, and the leave-one-out logits [N]: z - alpha / diag(A^-1), which is exact for the
    weighted least squares of the last step (Cawley and Talbot 2004).
    """
    count, target = len(x), is_junk.astype(np.float64)
    share = np.where(is_junk, count / (2 * is_junk.sum()), count / (2 * (~is_junk).sum()))
    bordered = np.zeros((count + 1, count + 1))
    bordered[:count, :count] = kernel = x @ x.T
    bordered[:count, count] = bordered[count, :count] = 1.0
    logits = np.zeros(count)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-logits))
        curvature = np.maximum(chance * (1 - chance), 1e-6)
        working = logits - (chance - target) / curvature
        bordered[np.arange(count), np.arange(count)] = kernel.diagonal() + 1 / (_C * share * curvature)
        solution = np.linalg.solve(bordered, np.append(working, 0.0))
        before, logits = logits, kernel @ solution[:count] + solution[count]
        if np.abs(logits - before).max() < _SETTLED:
            break
    left_out = working - solution[:count] / np.linalg.inv(bordered).diagonal()[:count]
    return (x.T @ solution[:count]).astype(np.float32), float(solution[count]), left_out


def _recognisable(examples: Sequence[Example], normals: ReferenceSet | None) -> tuple[Example, ...]:
    """Return the examples that no normal picture is near to; none for a model that sees all pictures close together."""
    if normals is None:
        return ()
    x = normals.embeddings
    if np.median(relative_distances(x, x[:50])) < 2 * SAME:
        return ()
    with_numbers = [e for e in examples if e.embedding is not None and len(e.embedding) == x.shape[1]]
    if not with_numbers:
        return ()
    clear = (
        relative_distances(x, np.stack([np.asarray(e.embedding) for e in with_numbers])).min(axis=0) > SAME
    )
    return tuple(e for e, is_clear in zip(with_numbers, clear, strict=True) if is_clear or not e.is_junk)


def _start(joint: Floats, is_kept: NDArray[np.bool_], rarity: float) -> float:
    """Return the joint surprise to start at, from that of normal pictures [N] and which of them the threshold keeps.

    If `above` of N are above the threshold, a fresh one is with a chance of (above + 1) / (N + 1); where none is, the
    chance may be less, the threshold's `rarity`. Such a picture is junk COST times as often if COST (above + 1) of
    the joint surprises are higher: a conformal quantile, or more than the highest by what makes it as rare, surprise
    being exponential. It is slightly more than for every picture that the threshold keeps.
    """
    count, above = len(joint), int(np.count_nonzero(~is_kept))
    allowed = COST * (above + 1 if above else min(1.0, rarity * (count + 1)))
    ascending = np.sort(joint)
    if allowed < 1.0:
        start = float(ascending[-1]) - float(np.log(max(allowed, 1e-300)))
    else:
        start = float(np.interp(count - allowed, np.arange(count), ascending))
    return max(start, float(np.max(joint, where=is_kept, initial=0.0))) + _HAIR
