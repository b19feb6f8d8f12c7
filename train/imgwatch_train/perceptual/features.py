"""Compute a backbone's features once per picture, and store them on disk by the picture's digest.

The store survives a kill after every block and holds a few kilobytes per picture. It decodes nothing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imgwatch.batches import batched
from imgwatch.errors import CannotCreate, ModelError
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Pixels, Shape

METADATA_KEY = "imgwatch-backbone"
_LARGEST_BYTES = 2_000_000_000  # of the store; it is a cache, and begins anew beyond that
_BLOCK = 32
_BATCH = 4

Block = tuple[list[int], Pixels]


class Backbone:
    """A frozen image encoder in an ONNX file: `groups` are the sizes of its groups of statistics."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        content = path.read_bytes() if path.is_file() else b""
        if not content:
            raise ModelError(
                f"{path}: no such backbone; it is an ONNX file made by `python -m imgwatch_train.backbone.convert`"
            )
        self.path, self.digest = path, hashlib.sha256(content).hexdigest()
        self._sessions = [open_session(content, 1) for _ in range(max(1, threads))]
        self._threads = ThreadPoolExecutor(max(1, threads))
        metadata = self._sessions[0].get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if metadata is None:
            raise ModelError(f"{path}: not a backbone (no metadata key {METADATA_KEY!r})")
        facts = json.loads(metadata)
        self.name: str = facts["name"]
        self.groups: tuple[int, ...] = tuple(facts["groups"])
        self.mapped: int = facts["mapped"]
        self.stranger: float | None = facts.get(
            "stranger"
        )  # distance of unrelated pictures, if it was measured
        self.map_shape: tuple[int, ...] = tuple(self._sessions[0].get_outputs()[2].shape[1:])
        self.shape = Shape(facts["size"], facts["size"], "RGB")

    def features(self, pictures: Pixels) -> Features:
        """Return the features of uint8 pictures [N, H, W, C]; batches run in parallel, one thread each."""
        batches = [pictures[start : start + _BATCH] for start in range(0, len(pictures), _BATCH)]
        lanes = [batches[lane :: len(self._sessions)] for lane in range(len(self._sessions))]
        results = list(self._threads.map(_run, self._sessions, lanes))
        ordered = [results[index % len(results)][index // len(results)] for index in range(len(batches))]
        return Features(*(np.concatenate(columns) for columns in zip(*ordered, strict=True)))

    def features_of(self, blocks: Iterable[Block]) -> Iterator[tuple[list[int], Features]]:
        """Yield the features of blocks: rows, and their pixels [N, H, W, C], which are read lazily."""
        for rows, pixels in blocks:
            yield rows, self.features(pixels)


def _run(session: Any, batches: Sequence[Pixels]) -> list[list[NDArray[np.float32]]]:
    return [session.run(["statistics", "pooled"], {"pictures": batch}) for batch in batches]


@dataclass(frozen=True)
class Features:
    """A backbone's outputs for N pictures: `statistics` [N, D] and `pooled` [N, E], float32."""

    statistics: NDArray[np.float32]
    pooled: NDArray[np.float32]


class FeatureStore:
    """Features on disk, by digest of picture and backbone. Raises CannotCreate if the file cannot be used."""

    def __init__(self, path: Path, backbone: Backbone) -> None:
        self._backbone = backbone
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > _LARGEST_BYTES:
                path.unlink()
            self._file = sqlite3.connect(path, timeout=60)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, numbers BLOB) WITHOUT ROWID"
            )
        except (OSError, sqlite3.Error) as fault:
            raise CannotCreate(
                f"{path}: the feature store cannot be used: {fault}; remove it and try again"
            ) from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def gather(
        self,
        keys: Sequence[str],
        pixels_of: Callable[[Sequence[int]], Pixels],
        progress: Callable[[int, int], None],
    ) -> Features:
        """Return the features of pictures with these keys; `pixels_of(indices)` returns the pixels of missing ones."""
        keys = [f"{self._backbone.digest[:16]}:{key}" for key in keys]
        missing = [index for index, key in enumerate(keys) if not self._has(key)]
        done = len(keys) - len(missing)
        blocks = ((indices, pixels_of(indices)) for indices in batched(missing, _BLOCK))
        for indices, features in self._backbone.features_of(blocks):
            self._keep([keys[index] for index in indices], features)
            done += len(indices)
            progress(done, len(keys))
        return self._read(keys)

    def _has(self, key: str) -> bool:
        return self._file.execute("SELECT 1 FROM features WHERE key = ?", (key,)).fetchone() is not None

    def _keep(self, keys: Iterable[str], features: Features) -> None:
        rows = np.concatenate((features.statistics, features.pooled), axis=1)
        with self._file:
            self._file.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?)",
                [(key, row.astype("<f4").tobytes()) for key, row in zip(keys, rows, strict=True)],
            )

    def _read(self, keys: Sequence[str]) -> Features:
        width = sum(self._backbone.groups)
        numbers = map(self._numbers, keys)
        first = next(numbers)
        features = Features(
            np.empty((len(keys), width), np.float32), np.empty((len(keys), len(first) - width), np.float32)
        )
        for index, row in enumerate(chain([first], numbers)):  # never all rows twice in memory
            features.statistics[index], features.pooled[index] = row[:width], row[width:]
        return features

    def _numbers(self, key: str) -> NDArray[np.float32]:
        row = self._file.execute("SELECT numbers FROM features WHERE key = ?", (key,)).fetchone()
        return np.frombuffer(row[0], "<f4")
