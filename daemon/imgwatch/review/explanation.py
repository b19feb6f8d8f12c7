"""The model's explanations beyond the record: where a picture is strange, and which pictures it resembles.

A thread works through the pictures, a few at a time; pages show what is known so far.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.judging import BATCH, Judge
from imgwatch.nearest import relative_distances
from imgwatch.picture.decoding import Decoded
from imgwatch.review.embeddings import Embeddings
from imgwatch.review.grouping import Grouping
from imgwatch.review.likeness import LikenessTree

log = logging.getLogger(__name__)

NORMALS = 400  # normal pictures to compare with
_SIMILAR = 3

Vector = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Normal:
    """A normal picture that still lies in its folder."""

    path: Path
    sha256: str


class Explainer:
    """Explains pictures by the model, in a thread between `start` and `close`."""

    def __init__(self, judge: Judge, kept: Embeddings) -> None:
        self.judge = judge
        self._kept = kept
        self._alike = Grouping()
        self._tree = LikenessTree()
        self._running = threading.Lock()  # one run of the model at a time: two cores are for all
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._normals: list[Normal] = []
        self._normal_vectors: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._grouped: dict[str, str] = {}  # record id -> the group it is in

    def start(
        self,
        normals: Iterable[Path],
        pictures: Callable[[], Sequence[tuple[str, str, Path]]],
        on_grouped: Callable[[list[str]], None],
    ) -> None:
        """Start to work through the normal pictures, then through what `pictures` returns: (id, digest, path)."""

        def work() -> None:
            try:
                self._learn_normals(normals)
                while not self._stop.is_set():
                    self._wanted.clear()
                    self._group_new(pictures(), on_grouped)
                    self._wanted.wait()
            except Exception:  # whatever breaks here, the gallery goes on without it
                log.exception("pictures are not compared with each other any more")

        self._thread = threading.Thread(target=work, name="insight", daemon=True)
        self._thread.start()

    def look_again(self) -> None:
        """Note that there may be new pictures."""
        self._wanted.set()

    def close(self) -> None:
        """Stop working."""
        self._stop.set()
        self._wanted.set()
        self.judge.decoder.interrupt()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._kept.close()
        self.judge.close()

    def group(self, record_id: str) -> str | None:
        """Return the group of near-identical pictures that a picture is in; None while unknown."""
        return self._grouped.get(record_id)

    def cluster(self, record_id: str) -> str | None:
        """Return the path of a picture in the tree of likeness; None while unknown."""
        return self._tree.path(record_id)

    def error_map(self, path: Path) -> NDArray[np.float32] | None:
        """Return the error map of a picture, float32 [h, w]; None if it cannot be read."""
        outcome = self.judge.decoder.look_at(path, self.judge.contract.shape)
        if not isinstance(outcome, Decoded):
            return None
        with self._running:
            squared_errors: NDArray[np.float32] = self.judge.scorer.explain(outcome.pixels[None]).error_map[0]
            return squared_errors

    def similar(self, sha256: str, path: Path) -> list[Normal]:
        """Return the normal pictures nearest to this one, nearest first, that still lie in their folders."""
        if not self._normals:
            return []
        vector = self._vector(sha256, path)
        if vector is None:
            return []
        distances = relative_distances(self._normal_vectors, vector[None])[:, 0]
        ranked = (self._normals[row] for row in np.argsort(distances))
        return list(islice((normal for normal in ranked if normal.path.is_file()), _SIMILAR))

    def normal(self, sha256: str) -> Path | None:
        """Return the path of a normal picture."""
        return next((normal.path for normal in self._normals if normal.sha256 == sha256), None)

    def _vector(self, sha256: str, path: Path) -> Vector | None:
        vector = self._kept.get(sha256)
        if vector is None:
            self._embed([path])
            vector = self._kept.get(sha256)
        return vector

    def _learn_normals(self, paths: Iterable[Path]) -> None:
        rest = list(islice(paths, NORMALS))
        while rest and not self._stop.is_set():
            batch, rest = rest[:BATCH], rest[BATCH:]
            embedded = [(Normal(path, digest), vector) for path, digest, vector in self._embed(batch)]
            if embedded:
                rows = np.stack([vector for _, vector in embedded]).astype(np.float32)
                before = self._normal_vectors
                self._normal_vectors = np.concatenate([before, rows]) if len(before) else rows
                self._normals = [*self._normals, *(normal for normal, _ in embedded)]

    def _group_new(
        self, pictures: Sequence[tuple[str, str, Path]], on_grouped: Callable[[list[str]], None]
    ) -> None:
        new = [entry for entry in pictures if entry[0] not in self._grouped]
        while new and not self._stop.is_set():
            batch, new = new[:BATCH], new[BATCH:]
            self._embed([path for _, digest, path in batch if self._kept.get(digest) is None])
            on_grouped(
                list({name for record_id, digest, _ in batch for name in self._take_in(record_id, digest)})
            )
        on_grouped(self._tree.settle())

    def _take_in(self, record_id: str, digest: str) -> list[str]:
        """Add a picture to groups and tree; return the pictures whose group or path has changed."""
        vector = self._kept.get(digest)
        if vector is None:
            self._grouped[record_id] = record_id
            return []
        self._grouped[record_id] = self._alike.assign(record_id, vector)
        return [record_id, *self._tree.add(record_id, vector)]

    def _embed(self, paths: Sequence[Path]) -> list[tuple[Path, str, Vector]]:
        """Embed pictures and store the result; unreadable ones are left out."""
        decoded = [
            (path, picture)
            for path, picture in self.judge.decoder.decode(paths)
            if isinstance(picture, Decoded)
        ]
        if not decoded:
            return []
        with self._running:
            _, _, vectors = self.judge.scorer.embed(np.stack([picture.pixels for _, picture in decoded]))
        self._kept.put(
            (picture.sha256, vector) for (_, picture), vector in zip(decoded, vectors, strict=True)
        )
        return [
            (path, picture.sha256, vector) for (path, picture), vector in zip(decoded, vectors, strict=True)
        ]
