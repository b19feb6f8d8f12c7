"""Run a finished model over a user's pictures and keep every number that fitting needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.batches import batched
from imgwatch.calibration.head import KEY, JunkStatistics
from imgwatch.model.contract import INPUT
from imgwatch.model.scorer import Scorer, open_session
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.progress import Progress

_ALWAYS = ("score", "parts", "embedding")
_PERCEPTUAL = ("measures", "direction")
_PROJECTED = "projected"  # what the head is linear in; models of version 0.1 do not give it
_BATCH = 8


@dataclass(frozen=True)
class Measured:
    """What a model says of the N readable `paths`: its outputs by name, each [N, ...], and what it knows of junk."""

    paths: tuple[Path, ...]
    unreadable: int
    numbers: Mapping[str, NDArray[np.float32]]
    junk: JunkStatistics | None

    @property
    def is_perceptual(self) -> bool:
        """Whether its bank of neighbours and its fusion can be fitted anew."""
        return set(_PERCEPTUAL) <= self.numbers.keys()


def measure(
    scorer: Scorer, paths: Sequence[Path], limits: Limits, threads: int, progress: Progress
) -> Measured:
    """Decode and measure the pictures. Raises ModelError when what the model knows of junk is damaged."""
    session = open_session(str(scorer.path), threads)
    packed = session.get_modelmeta().custom_metadata_map.get(KEY)
    outputs = {output.name for output in session.get_outputs()}
    names = [name for name in (*_ALWAYS, *_PERCEPTUAL, _PROJECTED) if name in outputs]
    readable: list[Path] = []
    rows: list[list[Any]] = []
    with Decoder(scorer.contract.shape, limits, threads) as decoder:
        outcomes = decoder.decode(paths)
        pictures = ((path, outcome.pixels) for path, outcome in outcomes if isinstance(outcome, Decoded))
        for batch in batched(pictures, _BATCH):
            readable += [path for path, _ in batch]
            rows.append(session.run(names, {INPUT: np.stack([pixels for _, pixels in batch])}))
            progress("calibrate", len(readable), len(paths))
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Measured(
        tuple(readable),
        len(paths) - len(readable),
        dict(zip(names, columns, strict=False)),
        None if packed is None or _PROJECTED not in outputs else JunkStatistics.unpacked(packed),
    )
