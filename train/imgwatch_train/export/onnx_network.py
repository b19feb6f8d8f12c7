"""Build an ONNX graph node by node. It knows operators, not networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
Shape = Sequence[int | str]


class Network:
    """A graph under construction; methods that add nodes return the name of the output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._stored: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        name = out or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [name], name=f"node_{name}", **attributes)
        )
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        name = f"constant_{len(self._stored)}"
        self._stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        """Add a float32 constant; return its name."""
        return self.constant(np.array(value, np.float32))

    def slice(self, x: str, start: int, end: int, axis: int) -> str:
        """Add the slice from `start` to `end` along an axis; return its name."""
        return self.add("Slice", x, *(self.constant(np.array([bound])) for bound in (start, end, axis)))

    def mean(self, x: str, axes: Sequence[int], keepdims: bool = False, out: str = "") -> str:
        """Add the mean over these axes; return its name."""
        return self.add("ReduceMean", x, out=out, axes=list(axes), keepdims=int(keepdims))

    def model(
        self,
        name: str,
        inputs: Mapping[str, Shape],
        outputs: Mapping[str, Shape],
        input_type: int = TensorProto.UINT8,
    ) -> onnx.ModelProto:
        """Return the checked model, with inputs of type `input_type` and float32 outputs of these shapes."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, input_type, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            self._stored,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model
