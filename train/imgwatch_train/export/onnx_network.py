"""Write an ONNX graph node by node. It knows operators, not networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
Shape = Sequence[int | str]


class Network:
    """A graph under construction; every method that adds returns the name of what it computes."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._stored: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add one node with one output."""
        name = out or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [name], name=f"node_{name}", **attributes)
        )
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Store numbers as they are."""
        name = f"constant_{len(self._stored)}"
        self._stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        """Store one float32."""
        return self.constant(np.array(value, np.float32))

    def slice(self, x: str, start: int, end: int, axis: int) -> str:
        """Take what lies at start to end along an axis."""
        return self.add("Slice", x, *(self.constant(np.array([bound])) for bound in (start, end, axis)))

    def mean(self, x: str, axes: Sequence[int], keepdims: bool = False, out: str = "") -> str:
        """Average over these axes."""
        return self.add("ReduceMean", x, out=out, axes=list(axes), keepdims=int(keepdims))

    def model(
        self,
        name: str,
        inputs: Mapping[str, Shape],
        outputs: Mapping[str, Shape],
        taken: int = TensorProto.UINT8,
    ) -> onnx.ModelProto:
        """Finish: inputs of the type `taken` and float32 outputs of these shapes, checked."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, taken, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            self._stored,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model
