"""General knowledge before a folder is seen: how features are scaled and projected, and what junk looks like.

It is learned once, from the workshop's drawings, and is part of the general model; `imgwatch train` reads it from
there. For another backbone it is learned from junk drawn from the folder's own pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

import imgwatch
from imgwatch.calibration.head import KEY, JunkStatistics
from imgwatch.errors import ModelError
from imgwatch.judgement import Kind
from imgwatch.model.contract import METADATA_KEY, parse_contract
from imgwatch_train.perceptual.examples import Floats, Scaling
from imgwatch_train.perceptual.features import Backbone, Features

DEFAULT_MODEL = Path(imgwatch.__file__).parent / "default.onnx"
BACKBONE_DIGEST = "backbone_digest"  # among the training facts: what the projection was made for
TENSORS = ("head_centre", "head_spread", "head_projection")
POOLED_WEIGHT = 0.6  # of the pooled head beside the statistics
_DIMENSIONS = 256
_LARGEST = 5.0  # in spreads


@dataclass(frozen=True)
class General:
    """`centre` and `spread` [D + E] of statistics and pooled head, `projection` [D + E, R], and what is known of junk.

    `drawn` are the kinds for which a folder's own drawings say more than the general statistics.
    """

    centre: Floats
    spread: Floats
    projection: Floats
    junk: JunkStatistics
    drawn: tuple[Kind, ...] = (Kind.BLURRED, Kind.DARK)

    @classmethod
    def learn(cls, normal: Features, junk: Mapping[Kind, Features], last_group: int) -> General:
        """Return what normal pictures and drawn junk teach; the `last_group` columns of the statistics weigh double."""
        rows = [_joined(features) for features in (normal, *junk.values())]
        everything = np.concatenate(rows)
        statistics = normal.statistics.shape[1]
        scaling = Scaling.fit(everything[:, :statistics], last_group)
        pooled = Scaling.fit(everything[:, statistics:])
        centre = np.concatenate((scaling.centre, pooled.centre))
        spread = np.concatenate((scaling.spread, pooled.spread))
        weight = np.concatenate((scaling.weight, np.full(len(pooled.centre), POOLED_WEIGHT, np.float32)))
        projection = weight[:, None] * _principal(_scaled(everything, centre, spread) * weight)
        unfitted = cls(centre, spread, projection, JunkStatistics((), *(np.empty(0, np.float32),) * 4))
        return cls(
            centre,
            spread,
            projection,
            JunkStatistics.of(
                unfitted.project(normal),
                {kind: unfitted.project(features) for kind, features in junk.items()},
            ),
        )

    @classmethod
    def of_model(cls, path: Path, backbone: Backbone) -> General | None:
        """Return the knowledge in a general model that was made with the same backbone; None if it has none.

        Raises ModelError.
        """
        proto = onnx.load(str(path))
        metadata = {entry.key: entry.value for entry in proto.metadata_props}
        contract = parse_contract(metadata.get(METADATA_KEY), path)
        if KEY not in metadata or contract.training.get(BACKBONE_DIGEST) != backbone.digest:
            return None
        stored = {entry.name.removesuffix("_half"): entry for entry in proto.graph.initializer}
        try:
            centre, spread, projection = (
                numpy_helper.to_array(stored[name]).astype(np.float32) for name in TENSORS
            )
        except KeyError as fault:
            raise ModelError(f"{path}: the model has no tensor {fault}; install imgwatch again") from fault
        return cls(centre, spread, projection, JunkStatistics.unpacked(metadata[KEY]))

    def project(self, features: Features) -> Floats:
        """Return the projection [N, R] of features, the head's input."""
        return np.asarray(_scaled(_joined(features), self.centre, self.spread) @ self.projection, np.float32)

    def tensors(self) -> dict[str, Floats]:
        """Return the tensors for a graph, by name."""
        return dict(zip(TENSORS, (self.centre, self.spread, self.projection), strict=True))


def _joined(features: Features) -> Floats:
    return np.concatenate((features.statistics, features.pooled), axis=1)


def _scaled(rows: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.asarray(np.clip((rows - centre) / spread, -_LARGEST, _LARGEST), np.float32)


def _principal(rows: Floats) -> Floats:
    """Return the principal directions [D, R] of rows [N, D]."""
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(vectors[:, ::-1][:, :_DIMENSIONS], np.float32)
