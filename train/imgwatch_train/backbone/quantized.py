"""Store and compute a backbone's convolutions as 8-bit integers: half the time, a quarter of the memory.

Weights take seven bits, so that sums cannot overflow on processors without 8-bit dot products and come out the same
on all; the taps and the sharpness stay float. It chooses no pictures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime import quantization

from imgwatch.batches import batched
from imgwatch.model.contract import INPUT
from imgwatch.picture.decoding import Pixels

_BATCH = 4


class _Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Reads the pictures that calibrate ranges."""

    def __init__(self, pictures: Pixels) -> None:
        self._batches: Iterator[Pixels] = map(np.stack, batched(pictures, _BATCH))

    def get_next(self) -> dict[str, Pixels] | None:
        """Return the next batch."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantized(model: onnx.ModelProto, pictures: Pixels, smallest: int = 8) -> onnx.ModelProto:
    """Return the model with convolutions of `smallest` channels or more, their activations and sums quantized.

    Ranges are the extreme values over uint8 `pictures` [N, H, W, 3]; scales as in Jacob et al. (2018).
    """
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "float.onnx"), Path(folder, "integer.onnx")
        onnx.save(model, str(source))
        quantization.quantize_static(
            str(source),
            str(made),
            _Reader(pictures),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Clip", "Add"],
            nodes_to_exclude=_kept_float(model, smallest),
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        whole = onnx.load(str(made))
    whole.ir_version = model.ir_version
    whole.producer_name = model.producer_name
    del whole.metadata_props[:]
    whole.metadata_props.extend(model.metadata_props)
    return whole


def _kept_float(model: onnx.ModelProto, smallest: int) -> list[str]:
    """Return the names of small convolutions, and of sums that do not follow a large one."""
    shapes: dict[str, Any] = {entry.name: np.array(entry.dims) for entry in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    large = {node.name: node.output[0] for node in convolutions if shapes[node.input[1]][0] >= smallest}
    outputs = set(large.values())
    return [
        node.name
        for node in model.graph.node
        if (node.op_type == "Conv" and node.name not in large)
        or (node.op_type == "Add" and not outputs & set(node.input))
    ]
