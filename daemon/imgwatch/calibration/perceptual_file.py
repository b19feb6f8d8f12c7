"""The tensors of a perceptual model that calibration replaces: bank of neighbours, head, and fusion.

Only `imgwatch calibrate` and training use it; the daemon never needs the package onnx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.calibration.fusion import Fusion
from imgwatch.calibration.head import Head
from imgwatch.calibration.neighbours import Directions

if TYPE_CHECKING:
    import onnx

STRANGER = "stranger_distance"  # among the training facts: the argument of `Fusion.fit`
_HALF = "_half"  # suffix of a tensor that is stored as float16


def refitted(bank: Directions, head: Head | None, fusion: Fusion) -> dict[str, NDArray[np.float32]]:
    """Return the tensors by name, in the order in which the graph takes them; the bank is [E, M].

    A model of version 0.1 has a head that cannot be replaced: None.
    """
    ramps = fusion.ramps
    return {
        "bank": np.ascontiguousarray(bank.T),
        **({} if head is None else {"head_weights": head.weights, "head_biases": head.biases}),
        "ramp_starts": ramps.starts,
        "ramp_rates": ramps.rates,
        "ramp_ends": ramps.ends,
        "ramp_tails": ramps.tails,
        "ramp_volumes": ramps.volumes,
    }


def bank_in(proto: onnx.ModelProto) -> Directions:
    """Return the bank of neighbours [M, E] that a perceptual model has stored; empty where it has none."""
    from onnx import numpy_helper

    for entry in proto.graph.initializer:
        if entry.name.removesuffix(_HALF) == "bank":
            return np.asarray(numpy_helper.to_array(entry), np.float32).T
    return np.empty((0, 0), np.float32)


def embed_tensors(proto: onnx.ModelProto, tensors: dict[str, NDArray[Any]]) -> None:
    """Turn the inputs of these names into stored tensors, in place."""
    from onnx import numpy_helper

    inputs = [entry for entry in proto.graph.input if entry.name.split(":")[0] in tensors]
    for entry in inputs:
        values = tensors[entry.name.split(":")[0]]
        proto.graph.initializer.append(numpy_helper.from_array(values, entry.name))
        proto.graph.input.remove(entry)


def replace_tensors(proto: onnx.ModelProto, tensors: dict[str, NDArray[Any]]) -> None:
    """Replace the tensors of these names, in place; each keeps its type.

    Raises KeyError if the graph has no tensor of a name: it is not a perceptual model.
    """
    from onnx import numpy_helper

    indices = {entry.name.removesuffix(_HALF): index for index, entry in enumerate(proto.graph.initializer)}
    for name, values in tensors.items():
        old = proto.graph.initializer[indices[name]]
        stored = values.astype(numpy_helper.to_array(old).dtype)
        old.CopyFrom(numpy_helper.from_array(stored, old.name))
    del proto.graph.value_info[:]  # the bank's size is another
