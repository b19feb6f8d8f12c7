"""Models that really hang, are slow or greedy, or never end being loaded: all of it in onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from conftest import brightness_contract, brightness_graph
from imgwatch.judging import BATCH
from imgwatch.model.contract import write_model

FOR_EVER = 10**15  # turns of the loop; a thousand of them take about a millisecond
_LINKS = 200_000  # of a chain that takes hours


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


def write_endless_to_load(path: Path) -> Path:
    """Write a model on which onnxruntime works for hours before it can be asked: a long chain that it optimises."""
    chain = GraphProto()
    for number in range(_LINKS):  # helper.make_node takes thrice as long
        chain.node.add(op_type="MatMul", input=(f"m{number}", "m0"), output=(f"m{number + 1}",))
    chain.node.append(helper.make_node("ReduceMax", [f"m{_LINKS}"], ["factor"]))
    return _write_with_factor(path, [1, 1], chain.node)


def write_greedy(path: Path) -> Path:
    """Write a model of some kilobytes that takes 40 GB of memory."""
    return _write_with_factor(path, [10**10], [helper.make_node("ReduceMax", ["m0"], ["factor"])])


def _write_with_factor(path: Path, shape: list[int], nodes: Sequence[NodeProto]) -> Path:
    """Multiply the score by a factor of one, which these nodes make of ones of this shape."""
    proto = brightness_graph()
    graph = proto.graph
    for node in graph.node:
        node.output[:] = ["raw" if output == "score" else output for output in node.output]
    nodes[-1].attribute.append(helper.make_attribute("keepdims", 0))
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    graph.initializer.append(numpy_helper.from_array(np.asarray(shape, dtype=np.int64), "shape"))
    graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["m0"], value=one))
    graph.node.extend(nodes)
    graph.node.append(helper.make_node("Mul", ["raw", "factor"], ["score"]))
    write_model(proto, brightness_contract(), path)
    return path


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
