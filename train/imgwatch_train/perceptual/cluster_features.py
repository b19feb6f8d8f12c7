"""The feature pass on a Dask cluster: decoded pictures go there in small blocks, features come back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgwatch.cluster.dask_cluster import Cluster
from imgwatch.errors import Unavailable
from imgwatch.picture.decoding import Pixels
from imgwatch_train.perceptual.features import Backbone, Block, Features

_BLOCK = 8  # pictures in a task, about a megabyte of pixels: they pass through the scheduler

Row = tuple[int, Pixels]


@dataclass(frozen=True)
class BackboneKit:
    """An image encoder's file, to be opened on a worker."""

    content: bytes

    @contextmanager
    def open(self) -> Iterator[Callable[[Sequence[Row]], Features]]:
        """Yield a function that computes features, for one thread."""
        with tempfile.TemporaryDirectory(prefix="imgwatch-") as folder:
            path = Path(folder, "backbone.onnx")
            path.write_bytes(self.content)
            backbone = Backbone(path)
            yield lambda rows: backbone.features(np.stack([pixels for _, pixels in rows]))


class ClusterBackbone(Backbone):
    """A backbone whose features are computed on a cluster. Raises Unavailable if the workers die of a picture."""

    def __init__(self, path: Path, cluster: Cluster) -> None:
        super().__init__(path)
        self._cluster = cluster

    def features_of(self, blocks: Iterable[Block]) -> Iterator[tuple[list[int], Features]]:
        """Yield the features of the blocks' rows, in smaller blocks, in the order in which they finish."""
        tasks = (
            list(zip(rows[start : start + _BLOCK], pixels[start : start + _BLOCK], strict=True))
            for rows, pixels in blocks
            for start in range(0, len(rows), _BLOCK)
        )
        for task, features in self._cluster.run(BackboneKit(self.path.read_bytes()), tasks):
            if features is None:
                raise Unavailable(f"{self._cluster.address}: the workers die over the features of a picture")
            yield [row for row, _ in task], features
