"""Build one ONNX graph, from pixels to score, on top of the backbone's own graph.

The experts go through TensorFlow and tf2onnx; the backbone is merged unchanged, so that any encoder can be. Bank and
fusion enter as named tensors, which `imgwatch calibrate` replaces without TensorFlow.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray
from onnx import compose

from imgwatch.calibration.fusion import FIRST_KIND, NEIGHBOURS, POWER, RECONSTRUCTION, TAIL, WEIGHTS
from imgwatch.calibration.neighbours import NEAREST
from imgwatch.calibration.perceptual_file import embed_tensors, refitted
from imgwatch.errors import ModelError
from imgwatch.model.contract import INPUT
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Pixels
from imgwatch_train.export.onnx_graph import OPSET, check_parity, halve_weights
from imgwatch_train.perceptual.autoencoders import mean_log
from imgwatch_train.perceptual.features import Backbone
from imgwatch_train.perceptual.learning import Learnt

EMBEDDING_WEIGHT = 0.6  # of the pooled head beside the statistics, in the embedding
_LARGEST = 5.0  # in spreads, as in examples.Scaling
_SEEN = {"statistics": "seen_statistics", "pooled": "seen_pooled", "map": "seen_map"}
_IR_VERSION = 8


def build(learnt: Learnt, backbone: Backbone, probe: Pixels) -> onnx.ModelProto:
    """Return the whole graph with weights stored as float16, after comparing it with TensorFlow on `probe`.

    Besides the contract's outputs it has `measures` [N, 2 + K], `direction` [N, E] and `projected` [N, R], for
    refitting.
    """
    tensors = {**learnt.general.tensors(), **refitted(learnt.bank, learnt.head, learnt.fusion)}
    graph = _Graph(learnt, backbone)
    signature = _signature(learnt, backbone, tensors)
    traced = tf.function(graph, input_signature=signature, autograph=False)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    try:
        head, _ = tf2onnx.convert.from_function(traced, input_signature=signature, opset=OPSET)
        embed_tensors(head, tensors)
        whole = _joined(backbone.path, head)
        session = open_session(whole.SerializeToString(), 1)
    except Exception as fault:  # converter and runtime raise their own kinds
        raise ModelError(f"the trained model cannot be exported to ONNX: {str(fault)[:300]}") from fault
    seen = open_session(str(backbone.path), 1).run(list(_SEEN), {INPUT: probe})
    expected = traced(*(tf.constant(values) for values in (*seen, *tensors.values())))
    check_parity({name: value.numpy() for name, value in expected.items()}, session, probe, tolerance=1e-3)
    halve_weights(whole, smallest=4096)
    return whole


def _signature(learnt: Learnt, backbone: Backbone, tensors: Mapping[str, NDArray[Any]]) -> list[Any]:
    map_shape = backbone.map_shape
    shapes = [(None, len(learnt.scaling.centre)), (None, learnt.bank.shape[1]), (None, *map_shape)]
    specs = [
        tf.TensorSpec(shape, tf.float32, name) for shape, name in zip(shapes, _SEEN.values(), strict=True)
    ]
    free = {"bank": (learnt.bank.shape[1], None)}
    return specs + [
        tf.TensorSpec(free.get(name, values.shape), tf.float32, name) for name, values in tensors.items()
    ]


def _joined(backbone: Path, head: onnx.ModelProto) -> onnx.ModelProto:
    below = onnx.load(str(backbone))
    del below.metadata_props[:]
    below.ir_version = head.ir_version = _IR_VERSION
    del head.opset_import[:]
    head.opset_import.extend(below.opset_import)
    whole = compose.merge_models(below, head, io_map=list(_SEEN.items()))
    whole.producer_name = "imgwatch"
    return whole


class _Graph:
    """The experts and their fusion as TensorFlow operations; numpy arrays become constants of the graph."""

    def __init__(self, learnt: Learnt, backbone: Backbone) -> None:
        self._learnt = learnt
        sizes = backbone.groups
        start = sum(sizes[: backbone.mapped])
        width = sizes[backbone.mapped]
        means = sum(sizes[: (len(sizes) - 1) // 2])
        self._mapped = slice(start, start + width)
        self._mapped_deviations = slice(means + start, means + start + width)

    def __call__(  # noqa: PLR0913 - one argument a tensor
        self,
        statistics: Any,
        pooled: Any,
        spatial: Any,
        centre: Any,
        spread: Any,
        projection: Any,
        bank: Any,
        weights: Any,
        biases: Any,
        *ramps: Any,
    ) -> dict[str, Any]:
        learnt, scaling = self._learnt, self._learnt.scaling
        x = (
            tf.clip_by_value((statistics - scaling.centre) / scaling.spread, -_LARGEST, _LARGEST)
            * scaling.weight
        )
        reconstructed = learnt.autoencoders.reconstruct(x)
        reconstruction = tf.reduce_mean(mean_log(learnt.autoencoders.errors(x, reconstructed)), axis=0)
        direction = pooled * tf.math.rsqrt(tf.reduce_sum(tf.square(pooled), axis=1, keepdims=True) + 1e-12)
        nearest = tf.math.top_k(tf.matmul(direction, bank), NEAREST).values
        seen = tf.concat([statistics, pooled], axis=1)
        projected = tf.matmul(tf.clip_by_value((seen - centre) / spread, -_LARGEST, _LARGEST), projection)
        odds = tf.matmul(projected, weights) + biases
        measures = tf.concat([reconstruction[:, None], 1.0 - nearest[:, -1:], odds], axis=1)
        score, surprisals = _fused(measures, ramps)
        centred = tf.clip_by_value((pooled - learnt.centre) / learnt.spread, -_LARGEST, _LARGEST)
        return {
            "score": score,
            "parts": tf.concat([surprisals[:, :FIRST_KIND], odds], axis=1),
            "error_map": self._error_map(spatial, reconstructed),
            "embedding": tf.concat([x, EMBEDDING_WEIGHT * centred], axis=1),
            "measures": measures,
            "direction": direction,
            "projected": projected,
        }

    def _error_map(self, spatial: Any, reconstructed: Any) -> Any:
        """Return the squared distance of each position from the reconstructed mean, in reconstructed deviations."""
        scaling = self._learnt.scaling
        expected = tf.reduce_mean(reconstructed, axis=0) / scaling.weight * scaling.spread + scaling.centre
        mean = expected[:, self._mapped, None, None]
        deviation = tf.exp(expected[:, self._mapped_deviations, None, None])
        return tf.reduce_mean(tf.square((spatial - mean) / deviation), axis=1)


def _fused(measures: Any, ramps: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return scores [N] and surprisals [N, 2 + K] as `imgwatch.calibration.fusion.Fusion` computes them."""
    count = measures.shape[1]

    def surprisal(values: Any, rows: slice) -> Any:
        starts, rates, ends, tails, volumes = (values_of[rows] for values_of in ramps)
        step = -np.log(TAIL) / starts.shape[1]
        below = tf.reduce_sum(tf.clip_by_value((values[..., None] - starts) * rates, 0.0, 1.0), axis=2) * step
        return (below + tf.nn.relu(values - ends) * tails) * volumes

    surprisals = surprisal(measures, slice(0, count))
    plain = tf.reduce_max(measures[:, FIRST_KIND:], axis=1, keepdims=True)
    calibrated = tf.reduce_max(surprisals[:, FIRST_KIND:], axis=1, keepdims=True)
    either = tf.maximum(
        surprisal(plain, slice(count, count + 1)), surprisal(calibrated, slice(count + 1, count + 2))
    )
    head = surprisal(either, slice(count + 2, count + 3))[:, 0]
    experts = tf.stack([surprisals[:, RECONSTRUCTION], head, surprisals[:, NEIGHBOURS]], axis=1)
    total = tf.reduce_sum(experts**POWER * np.asarray(WEIGHTS, np.float32), axis=1)
    return total ** (1 / POWER), surprisals
