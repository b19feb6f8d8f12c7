"""Convert a trained TensorFlow function to an ONNX graph, and check that it computes the same.

It chooses no threshold and writes no file: `calibration` and `imgwatch.model.contract` do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper

from imgwatch.errors import ModelError
from imgwatch.model.contract import INPUT, OUTPUTS, SelfTest, golden_pictures
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Pixels, Shape
from imgwatch_train.export.conversion import converted

OPSET = 17
SELF_TEST_SEED = 20_240_229
SELF_TEST_PICTURES = 4
LARGEST_BYTES = 2_000_000_000  # protobuf holds no more in one message
Outputs = Mapping[str, Any]  # score [N], parts [N, K], error_map [N, h, w], embedding [N, D]
Graph = Callable[[Any], Outputs]  # from uint8 pictures [N, H, W, C]

_log = logging.getLogger(__name__)


def to_onnx(graph: Graph, shape: Shape, probe: Pixels, tolerance: float = 1e-4) -> onnx.ModelProto:
    """Return `graph` as ONNX, after checking on the `probe` pictures [N, H, W, C] that both give the same.

    Weights must be variables, constants numpy arrays: an eager tensor captured in a closure becomes an input
    that nobody feeds. Raises ModelError if a graph does not convert or an output differs.
    """
    signature = [tf.TensorSpec((None, shape.height, shape.width, shape.channels), tf.uint8, name=INPUT)]

    def outputs(pictures: Any) -> tuple[Any, ...]:
        tensors = graph(pictures)
        return tuple(tf.identity(tensors[name]) for name in OUTPUTS)

    traced = tf.function(outputs, input_signature=signature, autograph=False)
    try:
        proto = converted(traced, INPUT, OUTPUTS, OPSET)
        session = open_session(proto.SerializeToString(), threads=1)
    except Exception as fault:  # converter and runtime raise their own kinds
        raise ModelError(f"the trained model cannot be exported to ONNX: {str(fault)[:300]}") from fault
    redone = (np.asarray(value) for value in traced(tf.constant(probe)))
    expected = dict(zip(OUTPUTS, redone, strict=True))
    check_parity(expected, session, probe, tolerance)
    return proto


def check_parity(
    expected: Mapping[str, np.ndarray], session: onnxruntime.InferenceSession, probe: Pixels, tolerance: float
) -> None:
    """Raise ModelError if an output of a session on `probe` differs from the expected one.

    The largest difference allowed is `tolerance` times the largest value of that output.
    """
    exported = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {INPUT: probe}), strict=True))
    for name in OUTPUTS:
        wanted, actual = expected[name], exported[name]
        if wanted.shape != actual.shape:
            raise ModelError(f"export: output {name} is {actual.shape} in ONNX, {wanted.shape} in Keras")
        scale = max(float(np.abs(wanted).max(initial=0.0)), 1e-6)
        off = float(np.abs(wanted - actual).max(initial=0.0)) / scale
        if not off <= tolerance:  # also when it is not a number
            raise ModelError(
                f"export: output {name} differs by {off:.2g} of its largest value between Keras and ONNX "
                f"(at most {tolerance:g} is allowed); the model is not written"
            )
        _log.debug("parity of %s: %.2g", name, off)


def self_test_of(session: onnxruntime.InferenceSession, shape: Shape) -> SelfTest:
    """Return the scores of the golden pictures, by which the daemon checks that it runs the same model."""
    golden = golden_pictures(SELF_TEST_SEED, SELF_TEST_PICTURES, shape)
    (scores,) = session.run(["score"], {INPUT: golden})
    return SelfTest(seed=SELF_TEST_SEED, scores=tuple(float(score) for score in scores))


def halve_weights(proto: onnx.ModelProto, smallest: int = 1024) -> None:
    """Store float32 weights of at least `smallest` numbers as float16 with a Cast, in place: half the file.

    Scores move by about 1e-3 of their size, so calibrate and make the self-test afterwards.
    """
    graph = proto.graph
    for weight in graph.initializer:
        values, name = numpy_helper.to_array(weight), weight.name
        is_small = weight.data_type != TensorProto.FLOAT or values.size < smallest
        if is_small or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        graph.node.insert(0, helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
