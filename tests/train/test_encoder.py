"""Any image encoder becomes a backbone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from imgwatch.errors import ModelError
from imgwatch_train.backbone.encoder import InputScaling, wrap
from imgwatch_train.perceptual.features import Backbone

SCALING = InputScaling(64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def encoder(as_tokens: bool, is_spatial: bool = True) -> onnx.ModelProto:
    """Patches of 8 pixels to 6 channels; as tokens, a class token comes first."""
    weights = np.random.default_rng(0).normal(size=(6, 3, 8, 8)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "weights"], ["map"], strides=[8, 8])]
    output, shape = "map", ["N", 6, 8, 8]
    constants = [numpy_helper.from_array(weights, "weights")]
    if as_tokens:
        nodes += [
            helper.make_node("Reshape", ["map", "flat"], ["rows"]),
            helper.make_node("Transpose", ["rows"], ["places"], perm=[0, 2, 1]),
            helper.make_node("ReduceMean", ["places"], ["class"], axes=[1], keepdims=1),
            helper.make_node("Concat", ["class", "places"], ["tokens"], axis=1),
        ]
        output, shape = "tokens", ["N", 65, 6]
        constants.append(numpy_helper.from_array(np.array([0, 6, 64]), "flat"))
    if not is_spatial:
        shape = ["N", "T", 6] if as_tokens else ["N", 6, "h", "w"]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(
                "x", TensorProto.FLOAT, ["N", 3, *([64, 64] if is_spatial else "hw")]
            )
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("as_tokens", [False, True])
def test_an_encoder_gives_statistics_and_a_map(as_tokens: bool, tmp_path: Path) -> None:
    path = tmp_path / "backbone.onnx"
    path.write_bytes(wrap(encoder(as_tokens), SCALING, "patches").SerializeToString())
    backbone = Backbone(path)
    pictures = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    features = backbone.features(pictures)
    assert backbone.name == "patches"
    assert backbone.groups == (6, 6, 32)
    assert backbone.map_shape == (6, 8, 8)
    weights = np.random.default_rng(0).normal(size=(6, 3, 8, 8))
    patches = (pictures / 255 - 0.5).reshape(3, 8, 8, 8, 8, 3).transpose(0, 1, 3, 5, 2, 4) / 0.25
    expected = np.einsum("nhwcij,ocij->nohw", patches, weights)
    np.testing.assert_allclose(features.pooled, expected.mean(axis=(2, 3)), atol=1e-3)
    np.testing.assert_allclose(
        features.statistics[:, 6:12], np.log(expected.std(axis=(2, 3)) + 1e-3), atol=1e-3
    )


def test_tokens_and_map_are_the_same_pictures(tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    features = []
    for as_tokens in (False, True):
        path = tmp_path / f"{as_tokens}.onnx"
        path.write_bytes(wrap(encoder(as_tokens), SCALING, "patches").SerializeToString())
        features.append(Backbone(path).features(pictures).statistics)
    np.testing.assert_allclose(features[0], features[1], atol=1e-4)


def test_an_encoder_without_fixed_places_is_refused() -> None:
    with pytest.raises(ModelError, match="fixed shape"):
        wrap(encoder(as_tokens=False, is_spatial=False), SCALING, "patches")
