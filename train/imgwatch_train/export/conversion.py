"""Convert a TensorFlow function to ONNX by tf2onnx, in little memory also for a large network.

It checks nothing; `onnx_graph` does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnx import numpy_helper
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

# Numbers. tf2onnx makes Python lists of constants, at 40 bytes a number, several times over.
LARGE = 1_000_000


def converted(
    function: Any, input_name: str, output_names: Sequence[str], opset: int, large: int = LARGE
) -> onnx.ModelProto:
    """Return a tf.function of one input that returns a tuple of tensors as ONNX, with these names.

    Variables are frozen. Weights of at least `large` numbers bypass tf2onnx as inputs and become
    initializers afterwards.
    """
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    definition = frozen.graph.as_graph_def()
    weights = _lift_weights(definition, large)
    outputs = [tensor.name for tensor in frozen.outputs]
    names = {frozen.inputs[0].name: input_name, **dict(zip(outputs, output_names, strict=True))}
    proto: onnx.ModelProto
    proto, _ = tf2onnx.convert.from_graph_def(
        definition,
        input_names=[frozen.inputs[0].name, *weights],
        output_names=outputs,
        opset=opset,
        tensors_to_rename=names,
    )
    _put_back(proto, weights)
    return proto


def _lift_weights(definition: Any, large: int) -> dict[str, np.ndarray]:
    """Replace large constants by placeholders, in place; return their values by tensor name."""
    lifted = {}
    for node in definition.node:
        if node.op != "Const" or node.attr["dtype"].type != tf.float32.as_datatype_enum:
            continue
        shape = node.attr["value"].tensor.tensor_shape
        if np.prod([side.size for side in shape.dim], dtype=np.int64) < large:
            continue
        lifted[f"{node.name}:0"] = tf.make_ndarray(node.attr["value"].tensor)
        node.op = "Placeholder"
        node.attr["shape"].shape.CopyFrom(shape)
        del node.attr["value"]
    return lifted


def _put_back(proto: onnx.ModelProto, weights: dict[str, np.ndarray]) -> None:
    for name, values in weights.items():
        proto.graph.initializer.append(numpy_helper.from_array(values, name))
    kept = [entry for entry in proto.graph.input if entry.name not in weights]
    del proto.graph.input[:]
    proto.graph.input.extend(kept)
