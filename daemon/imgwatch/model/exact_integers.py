"""Compute a quantized graph in floats that hold whole numbers, so that a card gets the same integers as the processor.

The processor computes quantized convolutions with integers. A card lacks these kernels, and computes the same graph
with fractions: some sums are rounded to the next integer, each of these changes others in the next layer, and the
score moves by up to 0.2. Whole numbers below 2^24 are exact in float32, as are their products and sums, in any order.
What is left is the scaling of each sum, which is done here as in onnxruntime's kernels for x86 (MlasRequantizeOutput,
MlasQLinearAddU8KernelAvx2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_LEVELS = 255  # of an unsigned byte


@dataclass(frozen=True)
class _Quantized:
    """A quantized tensor q of uint8; here it is the float tensor q - zero."""

    name: str
    scale: np.float32
    zero: int


def with_exact_integers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its quantized convolutions and sums in whole numbers; one without them is unchanged."""
    rewritten = onnx.ModelProto()
    rewritten.CopyFrom(model)
    _Rewriting(rewritten.graph).run()
    return rewritten


@dataclass
class _Rewriting:
    """The graph that is being rewritten, and its new nodes and constants."""

    graph: onnx.GraphProto
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def run(self) -> None:
        """Replace what leads to and from each quantized tensor."""
        self._values = {tensor.name: tensor for tensor in self.graph.initializer}
        self._makers = {output: node for node in self.graph.node for output in node.output}
        self._quantized = {
            node.output[0]: _Quantized(node.output[0], np.float32(self._value(node.input[1])), zero)
            for node in self.graph.node
            if node.op_type == "QuantizeLinear" and (zero := self._zero_of(node)) is not None
        }
        for node in self.graph.node:
            tensor = self._quantized.get(node.output[0])
            if tensor is not None:
                self._quantize(node, tensor)
            elif node.op_type == "DequantizeLinear" and node.input[0] in self._quantized:
                scale = self._constant(node.output[0], self._quantized[node.input[0]].scale)
                self._add("Mul", [node.input[0], scale], node.output[0])
            else:
                self.nodes.append(node)
        del self.graph.node[:]
        self.graph.node.extend(_used(self.nodes, {output.name for output in self.graph.output}))
        self.graph.initializer.extend(self.constants.values())

    def _value(self, name: str) -> NDArray[np.generic]:
        return numpy_helper.to_array(self._values[name])

    def _zero_of(self, node: onnx.NodeProto) -> int | None:
        """Return the zero point of a QuantizeLinear to unsigned bytes; None for others."""
        if len(node.input) < 3 or not {*node.input[1:]} <= self._values.keys():
            return None
        zero = self._value(node.input[2])
        return int(zero) if zero.dtype == np.uint8 and zero.ndim == 0 else None

    def _quantize(self, node: onnx.NodeProto, tensor: _Quantized) -> None:
        """Compute a quantized tensor from what is quantized."""
        maker = self._makers.get(node.input[0])
        sources = [self._source(name) for name in maker.input[:2]] if maker is not None else []
        if (
            maker is not None
            and maker.op_type == "Conv"
            and sources[0] is not None
            and self._has_integers(maker)
        ):
            scaled = self._convolve(maker, sources[0], tensor)
        elif (
            maker is not None and maker.op_type == "Add" and sources[0] is not None and sources[1] is not None
        ):
            scaled = self._sum(sources[0], sources[1], tensor)
        else:
            scaled = self._add("Div", [node.input[0], self._constant(f"{tensor.name}/scale", tensor.scale)])
        lowest = self._constant(f"{tensor.name}/lowest", np.float32(-tensor.zero))
        highest = self._constant(f"{tensor.name}/highest", np.float32(_LEVELS - tensor.zero))
        self._add("Clip", [self._add("Round", [scaled]), lowest, highest], tensor.name)

    def _source(self, name: str) -> _Quantized | None:
        """Return the quantized tensor that this one is dequantized from."""
        maker = self._makers.get(name)
        if maker is None or maker.op_type != "DequantizeLinear":
            return None
        return self._quantized.get(maker.input[0])

    def _convolve(self, node: onnx.NodeProto, source: _Quantized, result: _Quantized) -> str:
        """Convolve integers, and scale the sums of each channel to the result's steps."""
        weights, scales = self._integers(node.input[1])
        inputs = [source.name, self._constant(f"{result.name}/weights", weights)]
        if len(node.input) > 2:
            inputs.append(self._constant(f"{result.name}/bias", self._integers(node.input[2])[0]))
        sums = self._add(
            "Conv", inputs, **{entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        )
        factors = (source.scale * scales.astype(np.float32)) / result.scale
        return self._add("Mul", [sums, self._constant(f"{result.name}/factors", factors.reshape(-1, 1, 1))])

    def _has_integers(self, node: onnx.NodeProto) -> bool:
        """Return whether weights and bias of a convolution are dequantized constants, by channel or as a whole."""
        return all(self._is_constant(self._makers.get(name)) for name in node.input[1:])

    def _is_constant(self, node: onnx.NodeProto | None) -> bool:
        if node is None or node.op_type != "DequantizeLinear" or not {*node.input} <= self._values.keys():
            return False
        axis = next((entry.i for entry in node.attribute if entry.name == "axis"), 1)
        return axis == 0 or self._value(node.input[1]).size == 1

    def _integers(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.generic]]:
        """Return the integers of a dequantized constant, less their zero points, as floats, and their scales."""
        integers, scales, *zeros = (self._value(source) for source in self._makers[name].input)
        by_channel = (-1, *[1] * (integers.ndim - 1))
        zero = zeros[0].astype(np.float32).reshape(by_channel) if zeros else np.float32(0)
        return integers.astype(np.float32) - zero, np.atleast_1d(scales)

    def _sum(self, first: _Quantized, second: _Quantized, result: _Quantized) -> str:
        """Add two tensors in the result's steps: fused multiply-adds, each rounded to float32 once."""
        ratios = [tensor.scale / result.scale for tensor in (first, second)]
        # float64 where the kernel has a fused multiply-add: its products are exact
        shift = np.float32(
            np.float64(ratios[0]) * first.zero + np.float64(ratios[1] * np.float32(second.zero))
        )
        offset = np.float32(result.zero) - shift
        total = self._constant(f"{result.name}/offset", offset)
        for tensor, ratio in ((second, ratios[1]), (first, ratios[0])):
            byte = self._add(
                "Add",
                [tensor.name, self._constant(f"{result.name}/{tensor.name}/zero", np.float32(tensor.zero))],
            )
            factor = self._constant(f"{result.name}/{tensor.name}/ratio", np.float64(ratio))
            product = self._add("Mul", [self._cast(byte, onnx.TensorProto.DOUBLE), factor])
            sum_ = self._add("Add", [product, self._cast(total, onnx.TensorProto.DOUBLE)])
            total = self._cast(sum_, onnx.TensorProto.FLOAT)
        rounded = self._add("Round", [total])
        return self._add("Sub", [rounded, self._constant(f"{result.name}/zero", np.float32(result.zero))])

    def _cast(self, name: str, to: int) -> str:
        return self._add("Cast", [name], to=to)

    def _add(self, operator: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node, and return the name of what it yields."""
        name = output or f"exact/{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        full_name = f"exact/{name}"
        self.constants[full_name] = numpy_helper.from_array(np.asarray(value), full_name)
        return full_name


def _used(nodes: list[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    """Return the nodes that lead to an output, in their order."""
    used = []
    for node in reversed(nodes):
        if not wanted.isdisjoint(node.output):
            wanted |= set(node.input)
            used.append(node)
    return used[::-1]
