"""Fit one autoencoder per fold, which reconstructs the statistics of normal pictures.

Statistics are normalised, float32 [N, D]. All folds are fitted together as one batched computation. It decides
neither which pictures are in a fold nor what a measure means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from imgwatch_train.perceptual.examples import Examples, Floats, Masks, Plan

LOG_FLOOR = 1e-4  # added to an error before its logarithm
_BATCH, _BLOCK = 64, 256
_FEWEST_STEPS_AN_EPOCH, _MOST_STEPS = 5, 1000
_LEARNING_RATE, _WEIGHT_DECAY, _CLIP = 2e-3, 1e-4, 2.0
_NOISE, _DROPOUT, _MARGIN = 0.1, 0.1, 1.0


@dataclass(frozen=True)
class Autoencoders:
    """F autoencoders: `weights` and `biases` of four layers, [F, in, out] and [F, 1, out].

    `groups` [D, G] averages over the columns of each group of statistics. `curves` [2, epochs]: the mean error of
    normal pictures during the fit, of those seen and of a sample of the others.
    """

    weights: tuple[Any, ...]
    biases: tuple[Any, ...]
    groups: Floats
    curves: Floats

    def reconstruct(self, x: Any) -> Any:
        """Reconstruct statistics [N, D] or [F, N, D]; return a tensor [F, N, D]."""
        first, second, third, fourth = zip(self.weights, self.biases, strict=True)
        x = tf.nn.silu(tf.matmul(x, first[0]) + first[1])
        x = tf.matmul(x, second[0]) + second[1]
        x = tf.nn.silu(tf.matmul(x, third[0]) + third[1])
        return tf.matmul(x, fourth[0]) + fourth[1]

    def errors(self, x: Any, reconstructed: Any) -> Any:
        """Return the mean squared errors of the groups, [F, N, G]."""
        return tf.einsum("fnd,dg->fng", tf.square(reconstructed - x), self.groups)

    def measure(self, x: Floats) -> Floats:
        """Return for each fold the mean over groups of the logarithm of their errors, [F, N]."""
        blocks = [x[start : start + _BLOCK] for start in range(0, len(x), _BLOCK)]
        return np.concatenate(
            [mean_log(self.errors(rows, self.reconstruct(rows))).numpy() for rows in blocks], axis=1
        )


def mean_log(errors: Any) -> Any:
    """Return the mean over groups of log(error + 0.0001), so that a ratio counts the same in each group."""
    return tf.reduce_mean(tf.math.log(errors + LOG_FLOOR), axis=-1)


def group_averages(sizes: Sequence[int]) -> Floats:
    """Return the matrix [D, G] that averages over each group of neighbouring columns."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    return np.asarray((group[:, None] == np.arange(len(sizes))) / np.asarray(sizes), np.float32)


def fit_autoencoders(examples: Examples, plan: Plan, progress: Callable[[int, int], None]) -> Autoencoders:
    """Fit the autoencoders to reconstruct normal pictures well, and pseudo-junk worse by a margin."""
    rng = np.random.default_rng((plan.seed, 2))
    steps = _steps(examples, plan.epochs)
    normal_rows = _draw_batches(examples.sees_normal, steps, rng)
    junk_rows = _draw_batches(examples.sees_junk, steps, rng)
    networks = _start(examples, plan, rng)
    advance = _trainer(networks, examples, steps, plan.seed)
    unseen = tf.gather(tf.constant(examples.normal), _draw_batches(~examples.sees_normal, 1, rng)[0])
    epoch, curves = -(-steps // plan.epochs), []
    for start in range(0, steps, epoch):
        part = slice(start, start + epoch)
        seen = advance(tf.constant(normal_rows[part]), tf.constant(junk_rows[part]), tf.constant(start))
        curves.append(
            (float(seen), float(tf.reduce_mean(networks.errors(unseen, networks.reconstruct(unseen)))))
        )
        progress(min(steps, start + epoch), steps)
    frozen = [tuple(variable.numpy() for variable in group) for group in (networks.weights, networks.biases)]
    return Autoencoders(frozen[0], frozen[1], networks.groups, np.array(curves, np.float32).T)


def _steps(examples: Examples, epochs: int) -> int:
    an_epoch = examples.sees_normal.sum() / len(examples.sees_normal) / _BATCH
    return min(_MOST_STEPS, int(epochs * max(an_epoch, _FEWEST_STEPS_AN_EPOCH)))


def _draw_batches(sees: Masks, steps: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return random rows [steps, F, batch], each fold's among those that it sees."""
    rows = [np.flatnonzero(mask) for mask in sees]
    return np.stack([seen[rng.integers(0, len(seen), (steps, _BATCH))] for seen in rows], axis=1).astype(
        np.int32
    )


def _start(examples: Examples, plan: Plan, rng: np.random.Generator) -> Autoencoders:
    """Return autoencoders initialised as in Glorot and Bengio (2010), uniform."""
    width, folds = examples.normal.shape[1], len(examples.sees_normal)
    widths = [width, plan.hidden, plan.latent, plan.hidden, width]
    weights, biases = [], []
    for before, after in pairwise(widths):
        limit = np.sqrt(6 / (before + after))
        weights.append(tf.Variable(rng.uniform(-limit, limit, (folds, before, after)).astype(np.float32)))
        biases.append(tf.Variable(tf.zeros((folds, 1, after))))
    return Autoencoders(
        tuple(weights), tuple(biases), group_averages(plan.sizes), np.empty((2, 0), np.float32)
    )


def _trainer(networks: Autoencoders, examples: Examples, steps: int, seed: int) -> Any:
    """Return a function that takes optimizer steps for rows [S, F, batch] of normal pictures and of junk."""
    variables = [*networks.weights, *networks.biases]
    rate = keras.optimizers.schedules.CosineDecay(
        _LEARNING_RATE / 20, steps, warmup_target=_LEARNING_RATE, warmup_steps=steps // 5
    )
    clip = float(_CLIP * np.sqrt(len(examples.sees_normal)))
    optimizer = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY, global_clipnorm=clip)
    optimizer.build(variables)
    normal, junk = tf.constant(examples.normal), tf.constant(examples.junk)

    def advance(normal_rows: Any, junk_rows: Any, start: Any) -> Any:
        total, count = 0.0, tf.shape(normal_rows)[0]
        for step in tf.range(count):
            rows = tf.gather(normal, normal_rows[step]), tf.gather(junk, junk_rows[step])
            with tf.GradientTape() as tape:
                loss, error = _loss(networks, rows, tf.stack([seed, start + step]))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            total += error
        return total / tf.cast(count, tf.float32)

    return tf.function(advance)


def _loss(networks: Autoencoders, rows: tuple[Any, Any], seed: Any) -> tuple[Any, Any]:
    """Return the loss (summed over folds: normal pictures' mean error, junk's shortfall below a bar) and that error.

    The bar is the mean logarithm of normal pictures' errors plus a margin.
    """
    count = rows[0].shape[1]
    wanted = tf.concat(rows, axis=1)
    noise = _NOISE * tf.random.stateless_normal(tf.shape(rows[0]), seed)
    corrupted = tf.concat([rows[0] + noise, rows[1]], axis=1)
    is_kept = tf.random.stateless_uniform(tf.shape(corrupted), seed + 1) >= _DROPOUT
    corrupted = corrupted * tf.cast(is_kept, tf.float32) / (1 - _DROPOUT)
    errors = networks.errors(wanted, networks.reconstruct(corrupted))
    logs = mean_log(errors)
    bar = tf.stop_gradient(tf.reduce_mean(logs[:, :count], axis=1, keepdims=True)) + _MARGIN
    shortfall = tf.reduce_mean(tf.nn.relu(bar - logs[:, count:]), axis=1)
    of_normal = tf.reduce_mean(errors[:, :count], axis=[1, 2])
    return tf.reduce_sum(of_normal + shortfall), tf.reduce_mean(of_normal)
