"""Models whose scorer really hangs, or is slow: the graph loops in onnxruntime, in the daemon's own thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from conftest import brightness_contract, brightness_graph
from imgwatch.judging import BATCH
from imgwatch.model.contract import write_model

FOR_EVER = 10**15  # turns of the loop; a thousand of them take about a millisecond


def write_white_hangs(path: Path) -> Path:
    """Write a model that hangs on a batch with a white picture in it, and on nothing else."""
    whites = [
        helper.make_node("ReduceMax", ["score"], ["brightest"], keepdims=0),
        helper.make_node("Greater", ["brightest", "nearly_white"], ["is_white"]),
    ]
    return _write(path, whites, "is_white", FOR_EVER)


def write_alone_hangs(path: Path) -> Path:
    """Write a model that hangs on a single picture, as the probe is; the self-test scores several at once."""
    alone = [
        helper.make_node("Shape", ["score"], ["count"]),
        helper.make_node("ReduceMax", ["count"], ["number"], keepdims=0),
        helper.make_node("Equal", ["number", "one"], ["is_alone"]),
    ]
    return _write(path, alone, "is_alone", FOR_EVER)


def write_always_hangs(path: Path) -> Path:
    """Write a model that hangs on whatever it is asked."""
    return _write(path, [], "yes", FOR_EVER)


def write_slow(path: Path, turns: int) -> Path:
    """Write a model that loops so often on full batches."""
    full = [
        helper.make_node("Shape", ["score"], ["count"]),
        helper.make_node("ReduceMax", ["count"], ["number"], keepdims=0),
        helper.make_node("Equal", ["number", "batch"], ["is_full"]),
    ]
    return _write(path, full, "is_full", turns)


def _write(path: Path, condition: list, name: str, turns: int) -> Path:
    """Add a loop that leaves the score as it is, and turns only under the condition."""
    proto = brightness_graph()
    graph = proto.graph
    for node in graph.node:  # the brightness is worked on before it is given out
        node.output[:] = ["raw" if output == "score" else output for output in node.output]
    for node in condition:
        node.input[:] = ["raw" if wanted == "score" else wanted for wanted in node.input]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Add", ["held", "nothing"], ["kept"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.FLOAT, ["N"]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, ["N"]),
        ],
    )
    graph.node.extend(
        [
            *condition,
            helper.make_node("Cast", [name], ["is_on"], to=TensorProto.INT64),
            helper.make_node("Mul", ["is_on", "most"], ["turns"]),
            helper.make_node("Loop", ["turns", "yes", "raw"], ["score"], body=body),
        ]
    )
    constants = {
        "nothing": np.float32(0),
        "nearly_white": np.float32(0.99),
        "one": np.int64(1),
        "batch": np.int64(BATCH),
        "most": np.int64(turns),
        "yes": np.bool_(True),
    }
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()
    )
    write_model(proto, brightness_contract(), path)
    return path
