"""What is exported computes what was trained, or is not written."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from imgwatch.errors import ConfigError, ModelError
from imgwatch.model.contract import INPUT, OUTPUTS, golden_pictures
from imgwatch.model.session import open_session
from imgwatch.settings import ConvSettings, DenseSettings

pytestmark = pytest.mark.train


@pytest.fixture(scope="module", autouse=True)
def _tensorflow() -> None:
    from imgwatch_train.runtime import prepare_tensorflow

    prepare_tensorflow(seed=0, threads=2)


@pytest.fixture(scope="module", params=["dense", "conv", "conv of an odd size"])
def autoencoder(request: pytest.FixtureRequest) -> Any:
    from imgwatch_train.classic import architectures

    if request.param == "dense":
        return architectures.dense(DenseSettings(size=24, hidden=(32,), latent=8))
    return architectures.conv(ConvSettings(size=32 if request.param == "conv" else 45, latent=8))


@pytest.fixture(scope="module")
def exported(autoencoder: Any) -> onnxruntime.InferenceSession:
    from imgwatch_train.export.onnx_graph import to_onnx

    proto = to_onnx(autoencoder.graph, autoencoder.shape, golden_pictures(1, 4, autoencoder.shape))
    assert [opset.version for opset in proto.opset_import if not opset.domain] == [17]
    return open_session(proto.SerializeToString(), 1)


def test_onnx_gives_what_keras_gives(autoencoder: Any, exported: onnxruntime.InferenceSession) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, *autoencoder.network.input_shape[1:]), np.uint8)
    expected = autoencoder.graph(pictures)
    for name, output in zip(OUTPUTS, exported.run(list(OUTPUTS), {INPUT: pictures}), strict=True):
        np.testing.assert_allclose(output, np.asarray(expected[name]), rtol=1e-4, atol=1e-5)


def test_score_is_the_mean_squared_error_of_the_picture(
    autoencoder: Any, exported: onnxruntime.InferenceSession
) -> None:
    pictures = golden_pictures(2, 3, autoencoder.shape)
    reconstructed = np.asarray(autoencoder.reconstruct(pictures))
    expected = np.mean((pictures / 255.0 - reconstructed) ** 2, axis=(1, 2, 3))
    score, parts, error_map = exported.run(["score", "parts", "error_map"], {INPUT: pictures})
    np.testing.assert_allclose(score, expected, rtol=1e-4)
    np.testing.assert_allclose(parts[:, 0], score)
    assert error_map.shape[0] == 3
    assert max(error_map.shape[1:]) <= 32


def test_a_difference_is_refused(autoencoder: Any, exported: onnxruntime.InferenceSession) -> None:
    from imgwatch_train.export.onnx_graph import check_parity

    probe = golden_pictures(3, 2, autoencoder.shape)
    expected = {name: np.asarray(value) for name, value in autoencoder.graph(probe).items()}
    check_parity(expected, exported, probe, 1e-4)
    with pytest.raises(ModelError, match="score differs"):
        check_parity(expected | {"score": expected["score"] * 1.01}, exported, probe, 1e-4)
    with pytest.raises(ModelError, match="embedding"):
        check_parity(expected | {"embedding": expected["embedding"] * np.nan}, exported, probe, 1e-4)


def test_halved_weights_give_nearly_the_same_scores() -> None:
    from imgwatch_train.classic import architectures
    from imgwatch_train.export.onnx_graph import halve_weights, to_onnx

    autoencoder = architectures.dense(DenseSettings(size=24, hidden=(32,), latent=8))
    probe = golden_pictures(1, 4, autoencoder.shape)
    proto = to_onnx(autoencoder.graph, autoencoder.shape, probe)
    whole, (before,) = (
        proto.ByteSize(),
        open_session(proto.SerializeToString(), 1).run(["score"], {INPUT: probe}),
    )
    halve_weights(proto)
    (after,) = open_session(proto.SerializeToString(), 1).run(["score"], {INPUT: probe})
    assert proto.ByteSize() < 0.6 * whole
    np.testing.assert_allclose(after, before, rtol=2e-3)


def test_a_network_that_no_file_can_hold_is_refused_by_its_keys() -> None:
    from imgwatch_train.classic import architectures

    with pytest.raises(ConfigError, match=r"train\.dense\.size and train\.dense\.hidden") as raised:
        architectures.dense(DenseSettings(size=1024, hidden=(512,)))
    assert raised.value.exit_code == 78


def test_augmentation_is_bounded_and_repeats_with_its_seed() -> None:
    from imgwatch_train.classic.architectures import augmented

    pictures = np.random.default_rng(0).random((6, 20, 20, 1), np.float32)
    first, again, other = (
        np.asarray(augmented(pictures, np.array([0, seed], np.int32))) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert 0 <= first.min() <= first.max() <= 1


def test_large_weights_pass_by_the_converter_and_come_back() -> None:
    import tensorflow as tf

    from imgwatch_train.classic import architectures
    from imgwatch_train.export.conversion import converted

    autoencoder = architectures.dense(DenseSettings(size=24, hidden=(32,), latent=8))
    pictures = golden_pictures(1, 4, autoencoder.shape)
    spec = tf.TensorSpec((None, 24, 24, 3), tf.uint8, name=INPUT)
    function = tf.function(lambda given: (autoencoder.graph(given)["score"],), input_signature=[spec])
    proto = converted(function, INPUT, ["score"], opset=17, large=10_000)
    assert [entry.name for entry in proto.graph.input] == [INPUT]
    assert sum(np.prod(weight.dims) >= 10_000 for weight in proto.graph.initializer) == 2
    (outputs,) = open_session(proto.SerializeToString(), 1).run(["score"], {INPUT: pictures})
    np.testing.assert_allclose(outputs, function(pictures)[0], rtol=1e-4)
