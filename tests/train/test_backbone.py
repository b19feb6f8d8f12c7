"""The checked-in backbone: golden features, and the same as the documented conversion makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from imgwatch.cluster.dask_cluster import Cluster
from imgwatch.model.contract import golden_pictures
from imgwatch.picture.decoding import Shape
from imgwatch_train.backbone.convert import build, calibration_pictures, published_weights
from imgwatch_train.backbone.quantized import quantized
from imgwatch_train.backbone.torch_weights import read_weights
from imgwatch_train.perceptual.cluster_features import ClusterBackbone
from imgwatch_train.perceptual.features import Backbone, FeatureStore
from imgwatch_train.perceptual.recipe import BACKBONE

GOLDEN = np.array(
    [
        [
            -3.078,
            -1.186,
            0.765,
            2.248,
            0.691,
            2.207,
            1.334,
            -0.874,
            -0.909,
            -0.923,
            4.974,
            5.674,
            6.383,
            6.610,
        ],
        [
            -3.228,
            -2.511,
            0.892,
            2.127,
            0.474,
            2.057,
            1.336,
            -0.887,
            -0.605,
            -0.711,
            5.176,
            5.862,
            6.539,
            6.818,
        ],
    ]
)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone(BACKBONE, threads=2)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return golden_pictures(11, 10, Shape(224, 224, "RGB"))


def test_features_are_golden(backbone: Backbone, pictures: np.ndarray) -> None:
    features = backbone.features(pictures[:2])
    assert features.statistics.shape == (2, sum(backbone.groups))
    columns = np.r_[0:992:100, 992:1024:8]
    np.testing.assert_allclose(features.statistics[:, columns], GOLDEN, rtol=1e-2, atol=1e-2)


def test_features_do_not_depend_on_batches(backbone: Backbone, pictures: np.ndarray) -> None:
    together = backbone.features(pictures)
    alone = np.concatenate([backbone.features(pictures[i : i + 1]).statistics for i in range(10)])
    np.testing.assert_allclose(together.statistics, alone, atol=1e-3)


def test_a_flat_picture_has_finite_features(backbone: Backbone) -> None:
    features = backbone.features(np.zeros((1, 224, 224, 3), np.uint8))
    assert np.isfinite(features.statistics).all()


@pytest.fixture(scope="module")
def published() -> onnx.ModelProto:
    """The published network, converted."""
    return build(read_weights(published_weights()))


@pytest.fixture(scope="module")
def calibrating() -> np.ndarray:
    """The pictures that calibrate ranges."""
    return calibration_pictures()


def stored(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}


def test_the_file_is_what_the_conversion_makes(published: onnx.ModelProto, calibrating: np.ndarray) -> None:
    made, kept = quantized(published, calibrating), onnx.load(str(BACKBONE))
    assert [node.op_type for node in made.graph.node] == [node.op_type for node in kept.graph.node]
    made_values, kept_values = stored(made), stored(kept)
    assert made_values.keys() == kept_values.keys()
    for name, values in kept_values.items():
        if values.dtype == np.int8:  # weights; ranges are measured, and processors differ in the last digits
            np.testing.assert_array_equal(made_values[name], values)
        elif values.dtype == np.float32:
            np.testing.assert_allclose(made_values[name], values, rtol=1e-2, atol=1e-6)


def test_integers_tell_nearly_the_same_as_the_published_network(
    backbone: Backbone, published: onnx.ModelProto, calibrating: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "float.onnx").write_bytes(published.SerializeToString())
    pictures = calibrating[::6]
    exact, features = (b.features(pictures) for b in (Backbone(tmp_path / "float.onnx"), backbone))
    for ours, theirs in ((features.statistics, exact.statistics), (features.pooled, exact.pooled)):
        alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(ours, theirs, strict=True)]
        assert np.median(alike) > 0.95
        assert min(alike) > 0.6  # next to no light or content: hardly anything to tell


def test_features_are_computed_once_and_survive(
    backbone: Backbone, pictures: np.ndarray, tmp_path: Path
) -> None:
    asked: list[int] = []

    def pixels_of(places: list[int]) -> np.ndarray:
        asked.extend(places)
        return pictures[places]

    with FeatureStore(tmp_path / "features.sqlite", backbone) as store:
        first = store.gather(["a", "b"], pixels_of, lambda done, total: None)
    with FeatureStore(tmp_path / "features.sqlite", backbone) as store:
        second = store.gather(["b", "c", "a"], pixels_of, lambda done, total: None)
    assert asked == [0, 1, 1]
    np.testing.assert_array_equal(second.statistics[[2, 0]], first.statistics)


@pytest.mark.e2e
def test_a_cluster_computes_the_same_features(
    backbone: Backbone, pictures: np.ndarray, tmp_path: Path
) -> None:
    keys = [str(number) for number in range(len(pictures))]
    with Cluster("local", workers=1) as cluster:
        afar = ClusterBackbone(backbone.path, cluster)
        with FeatureStore(tmp_path / "features.sqlite", afar) as store:
            features = store.gather(keys, lambda places: pictures[places], lambda done, total: None)
    here = backbone.features(pictures)
    np.testing.assert_allclose(features.statistics, here.statistics, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(features.pooled, here.pooled, rtol=1e-3, atol=1e-4)
