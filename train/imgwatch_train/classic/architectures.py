"""The two classic autoencoders, and the graph that turns one into a model file. It fits nothing.

Pictures are uint8 [N, H, W, C] outside and float 0 to 1 inside; the scaling is part of every graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from imgwatch.errors import ConfigError
from imgwatch.model.contract import Part
from imgwatch.picture.decoding import Shape
from imgwatch.settings import ConvSettings, DenseSettings
from imgwatch_train.export.onnx_graph import LARGEST_BYTES

PARTS = (Part(name="error", kind="error", says="unlike your pictures overall"),)
ERROR_MAP_SIDE = 32  # cells a side of the error map, at most
_MAX_SHIFT = 0.1  # share of the picture's side
_MAX_BRIGHTNESS = 0.1


@dataclass(frozen=True)
class Autoencoder:
    """A Keras model from scaled pictures to (latent [N, D], reconstruction [N, H, W, C])."""

    network: Any
    shape: Shape

    def reconstruct(self, pictures: Any) -> Any:
        """Return pictures [N, H, W, C], 0 to 1, as the network reconstructs them from uint8 ones."""
        return self.network(scaled(pictures), training=False)[1]

    def graph(self, pictures: Any) -> dict[str, Any]:
        """Return the model file's outputs for uint8 pictures: the score is the mean squared error."""
        inside = scaled(pictures)
        latent, reconstructed = self.network(inside, training=False)
        errors = tf.reduce_mean(tf.square(inside - reconstructed), axis=3, keepdims=True)
        score = tf.reduce_mean(errors, axis=[1, 2, 3])
        cell = max(1, math.ceil(max(self.shape.height, self.shape.width) / ERROR_MAP_SIDE))
        return {
            "score": score,
            "parts": score[:, None],
            "error_map": tf.nn.avg_pool2d(errors, cell, cell, "SAME")[..., 0],
            "embedding": latent,
        }


def scaled(pictures: Any) -> Any:
    """Return uint8 pictures as float, 0 to 1."""
    return tf.cast(pictures, tf.float32) / 255.0


def dense(settings: DenseSettings) -> Autoencoder:
    """Return the dense autoencoder: flattened RGB picture, dense layers to the latent vector, and back."""
    shape = Shape(settings.size, settings.size, "RGB")
    numbers = settings.size**2 * shape.channels
    _refuse_giant(
        numbers * (settings.hidden or (settings.latent,))[0], "train.dense.size and train.dense.hidden"
    )
    inside = keras.Input((settings.size, settings.size, shape.channels))
    x = layers.Flatten()(inside)
    for units in settings.hidden:
        x = layers.Dense(units, activation="relu")(x)
    latent = x = layers.Dense(settings.latent)(x)
    for units in reversed(settings.hidden):
        x = layers.Dense(units, activation="relu")(x)
    x = layers.Dense(numbers, activation="sigmoid")(x)
    reconstructed = layers.Reshape((settings.size, settings.size, shape.channels))(x)
    return Autoencoder(keras.Model(inside, [latent, reconstructed], name="dense"), shape)


def conv(settings: ConvSettings) -> Autoencoder:
    """Return the convolutional autoencoder: layers that halve the side, dropout, a dense latent, and back."""
    shape = Shape(settings.size, settings.size, "L")
    side = math.ceil(settings.size / 2 ** len(settings.filters))
    numbers = side * side * settings.filters[-1]
    _refuse_giant(numbers * settings.latent, "train.conv.size and train.conv.latent")
    inside = keras.Input((settings.size, settings.size, shape.channels))
    x = inside
    for filters in settings.filters:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Dropout(settings.dropout)(x)
    latent = layers.Dense(settings.latent)(layers.Flatten()(x))
    x = layers.Dense(numbers, activation="relu")(latent)
    x = layers.Reshape((side, side, settings.filters[-1]))(x)
    for filters in reversed(settings.filters[:-1]):
        x = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(shape.channels, 3, strides=2, padding="same", activation="sigmoid")(x)
    surplus = side * 2 ** len(settings.filters) - settings.size  # the side need not be a multiple of 2^layers
    reconstructed = layers.Cropping2D(((0, surplus), (0, surplus)))(x)
    return Autoencoder(keras.Model(inside, [latent, reconstructed], name="conv"), shape)


def _refuse_giant(half: int, keys: str) -> None:
    """Raise ConfigError, before any work, for a network too large for an ONNX file: twice `half` weights of 4 bytes."""
    if 2 * half * 4 > LARGEST_BYTES:
        raise ConfigError(
            f"{keys} make a model of {2 * half * 4 / 1e9:.1f} GB; a model file holds at most "
            f"{LARGEST_BYTES / 1e9:.0f} GB: choose smaller ones"
        )


def augmented(pictures: Any, seed: Any) -> Any:
    """Return pictures [N, H, W, C] flipped, shifted and brightened at random, the same for the same `seed` [2].

    At most a tenth of the side and of full brightness; what a shift uncovers repeats the edge.
    """
    count = tf.shape(pictures)[0]
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 4))
    is_flipped = tf.random.stateless_uniform([count, 1, 1, 1], seeds[0]) < 0.5
    pictures = tf.where(is_flipped, tf.reverse(pictures, axis=[2]), pictures)
    pictures = _shifted(pictures, 1, seeds[1])
    pictures = _shifted(pictures, 2, seeds[2])
    brighter = tf.random.stateless_uniform([count, 1, 1, 1], seeds[3], -_MAX_BRIGHTNESS, _MAX_BRIGHTNESS)
    return tf.clip_by_value(pictures + brighter, 0.0, 1.0)


def _shifted(pictures: Any, axis: int, seed: Any) -> Any:
    side = pictures.shape[axis]
    reach = int(side * _MAX_SHIFT)
    shifts = tf.random.stateless_uniform([tf.shape(pictures)[0], 1], seed, -reach, reach + 1, dtype=tf.int32)
    places = tf.clip_by_value(tf.range(side)[None, :] + shifts, 0, side - 1)
    return tf.gather(pictures, places, axis=axis, batch_dims=1)
