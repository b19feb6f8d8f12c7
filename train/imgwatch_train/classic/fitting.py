"""Fit an autoencoder step by step, with early stopping, and continue seamlessly after a kill.

All randomness is a function of the seed and of the run's progress, so a resumed run ends as an
uninterrupted one does. The schedule decides what a step trains on.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imgwatch.batches import batched
from imgwatch.errors import ModelError
from imgwatch.progress import Progress
from imgwatch_train.classic.architectures import Autoencoder, augmented, scaled
from imgwatch_train.classic.schedule import Schedule
from imgwatch_train.data import checkpoint
from imgwatch_train.data.pixel_file import PixelFile, Rows

Epoch = dict[str, float]  # step, epoch, loss, validation_loss


def fingerprint_of(*facts: object) -> str:
    """Return a digest of what a run depends on: a checkpoint with another fingerprint belongs to another run."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class Fitting:
    """One run: a network, its optimizer and its history, kept in `folder` after each step."""

    def __init__(
        self,
        autoencoder: Autoencoder,
        pictures: PixelFile,
        schedule: Schedule,
        folder: Path,
        fingerprint: str,
    ) -> None:
        self.network = autoencoder.network
        self.pictures = pictures
        self.schedule = schedule
        self.history: list[Epoch] = []
        self._fingerprint = fingerprint
        self._last, self._best = folder / "last.npz", folder / "best.npz"
        self._optimizer = keras.optimizers.Adam(schedule.learning_rate)
        self._optimizer.build(self.network.trainable_variables)
        self._train = _train_step(self.network, self._optimizer, schedule.augments)
        self._measure = _measurement(self.network)

    def run(self, progress: Progress) -> list[Epoch]:
        """Fit from the last checkpoint on, and return the history of all epochs. The network holds the result."""
        total = self.schedule.steps * self.schedule.epochs
        for step in range(self._resume(), self.schedule.steps):
            progress("fit", step * self.schedule.epochs, total)
            self._run_step(step, progress)
            self._keep(step)
        progress("fit", total, total)
        if self.schedule.keeps_best:
            self._restore_best()
        return self.history

    def _run_step(self, step: int, progress: Progress) -> None:
        rows, limit = self.schedule.rows_of(step), self.schedule.patience
        best, best_loss, waited = self._weights(), np.inf, 0
        for epoch in range(self.schedule.epochs):
            loss = self._run_epoch(rows, step, epoch)
            validation_loss = self._mean_loss(self.schedule.validation)
            self.history.append(
                {"step": step, "epoch": epoch, "loss": loss, "validation_loss": validation_loss}
            )
            done = step * self.schedule.epochs + epoch + 1
            progress("fit", done, self.schedule.steps * self.schedule.epochs)
            if limit is None:
                continue
            if validation_loss < best_loss:
                best, best_loss, waited = self._weights(), validation_loss, 0
            else:
                waited += 1
            if waited >= limit:
                break
        if limit is not None:
            _assign(self.network.variables, best)

    def _run_epoch(self, rows: Rows, step: int, epoch: int) -> float:
        """Train once on the rows, shuffled; return the mean loss."""
        rng = np.random.default_rng((self.schedule.seed, step, epoch))
        total = 0.0
        for batch in batched(rng.permutation(rows), self.schedule.batch):
            seed = rng.integers(0, 2**31, 2).astype(np.int32)
            total += float(self._train(self.pictures[batch], seed)) * len(batch)
        if not np.isfinite(total):
            raise ModelError("training has diverged (its loss is no number): set a lower learning_rate")
        return total / len(rows)

    def _mean_loss(self, rows: Rows) -> float:
        batches = batched(rows, self.schedule.batch)
        return sum(float(self._measure(self.pictures[batch])) * len(batch) for batch in batches) / len(rows)

    def _weights(self) -> list[np.ndarray]:
        return [np.array(variable.numpy()) for variable in self.network.variables]

    def _resume(self) -> int:
        """Load the last checkpoint of this run, if there is one; return the number of completed steps."""
        kept = checkpoint.load(self._last, self._fingerprint)
        if kept is None:
            return 0
        arrays, facts = kept
        _assign(self.network.variables, _numbered(arrays, "weight"))
        _assign(self._optimizer.variables, _numbered(arrays, "optimizer"))
        self.history = facts["history"]
        return int(facts["steps_done"])

    def _keep(self, step: int) -> None:
        """Save a step, the best weights first: after a kill in between, the step is repeated and ends the same."""
        facts = {"fingerprint": self._fingerprint, "steps_done": step + 1, "history": self.history}
        weights = {f"weight{number}": values for number, values in enumerate(self._weights())}
        if self.schedule.keeps_best and self._is_best(step):
            checkpoint.save(self._best, weights, facts)
        moments = {f"optimizer{n}": value.numpy() for n, value in enumerate(self._optimizer.variables)}
        checkpoint.save(self._last, {**weights, **moments}, facts)

    def _is_best(self, step: int) -> bool:
        """Return whether no earlier step reached a lower validation loss."""
        losses = [(epoch["validation_loss"], epoch["step"]) for epoch in self.history]
        return min(losses)[1] == step

    def _restore_best(self) -> None:
        kept = checkpoint.load(self._best, self._fingerprint)
        if kept is not None:
            _assign(self.network.variables, _numbered(kept[0], "weight"))


def _train_step(network: Any, optimizer: Any, augments: bool) -> Any:
    pictures_spec = tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8)
    seed_spec = tf.TensorSpec((2,), tf.int32)

    def train(pictures: Any, seed: Any) -> Any:
        inside = scaled(pictures)
        if augments:
            inside = augmented(inside, seed)
        with tf.GradientTape() as tape:
            loss = _loss(network, inside, training=True)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    return tf.function(train, input_signature=[pictures_spec, seed_spec], autograph=False)


def _measurement(network: Any) -> Any:
    pictures_spec = tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8)

    def measure(pictures: Any) -> Any:
        return _loss(network, scaled(pictures), training=False)

    return tf.function(measure, input_signature=[pictures_spec], autograph=False)


def _loss(network: Any, inside: Any, training: bool) -> Any:
    return tf.reduce_mean(tf.square(inside - network(inside, training=training)[1]))


def _numbered(arrays: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    count = sum(key.startswith(name) for key in arrays)
    return [arrays[f"{name}{number}"] for number in range(count)]


def _assign(variables: Any, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
