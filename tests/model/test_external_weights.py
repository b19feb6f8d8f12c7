"""Weights that lie outside of a model file are never loaded: its digest would not cover them."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from imgwatch.errors import ModelError
from imgwatch.model.scorer import Scorer


@pytest.mark.parametrize(
    "location", ["weights", "{folder}/weights", "../../../..{folder}/weights", "/etc/passwd"]
)
def test_weights_outside_of_the_file_are_refused(model_file: Path, tmp_path: Path, location: str) -> None:
    (tmp_path / "weights").write_bytes(b"\0" * 64)
    proto = onnx.load(str(model_file))
    Scorer(model_file)
    outside = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=[1])
    outside.data_location = TensorProto.EXTERNAL
    where = {"location": location.format(folder=tmp_path), "offset": "0", "length": "4"}
    for key, value in where.items():
        outside.external_data.add(key=key, value=value)
    proto.graph.initializer.append(outside)
    proto.graph.node.append(helper.make_node("Identity", ["outside"], ["unused"]))
    proto.graph.output.append(helper.make_tensor_value_info("unused", TensorProto.FLOAT, [1]))
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match=r"m\.onnx"):
        Scorer(tmp_path / "m.onnx", tried=None)
