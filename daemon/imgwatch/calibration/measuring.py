"""Run a finished model over a user's pictures and return the outputs that fitting needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgwatch.batches import batched
from imgwatch.calibration.head import KEY, JunkStatistics
from imgwatch.calibration.measured_file import Identity, MeasuredFile, Row, identity_of
from imgwatch.model.contract import INPUT
from imgwatch.model.scorer import Scorer
from imgwatch.model.session import open_session
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.progress import Progress

_ALWAYS = ("score", "parts", "embedding")
_PERCEPTUAL = ("measures", "direction")
_PROJECTED = "projected"  # what the head is linear in; models of version 0.1 do not give it
_BATCH = 8


@dataclass(frozen=True)
class Measured:
    """A model's outputs for the N readable `paths`, by name, each [N, ...], and its statistics of junk."""

    paths: tuple[Path, ...]
    unreadable: int
    numbers: Mapping[str, NDArray[np.float32]]
    junk: JunkStatistics | None

    @property
    def is_perceptual(self) -> bool:
        """Whether the model's bank of neighbours and its fusion can be fitted anew."""
        return set(_PERCEPTUAL) <= self.numbers.keys()


def measure(  # noqa: PLR0913 - what `calibrate` gets, handed on
    scorer: Scorer,
    paths: Sequence[Path],
    limits: Limits,
    threads: int,
    progress: Progress,
    keep_in: Path | None = None,
) -> Measured:
    """Decode and measure the pictures, except those whose rows an earlier run cached in the folder `keep_in`.

    Raises ModelError if the model's statistics of junk are damaged.
    """
    session = open_session(str(scorer.path), threads, scorer.device)
    packed = session.get_modelmeta().custom_metadata_map.get(KEY)
    outputs = {output.name for output in session.get_outputs()}
    names = [name for name in (*_ALWAYS, *_PERCEPTUAL, _PROJECTED) if name in outputs]
    junk = None if packed is None or _PROJECTED not in outputs else JunkStatistics.unpacked(packed)
    file = None if keep_in is None else MeasuredFile(keep_in, scorer, limits)
    kept = {} if file is None else file.read(names)
    identities = {path: identity_of(path, limits) for path in paths}
    rows = {path: kept[identity] for path, identity in identities.items() if identity in kept}
    missing = [path for path in paths if path not in rows]
    with Decoder(scorer.contract.shape, limits, threads) as decoder:
        outcomes = decoder.decode(missing)
        pictures = ((path, outcome.pixels) for path, outcome in outcomes if isinstance(outcome, Decoded))
        for batch in batched(pictures, _BATCH):
            columns = session.run(names, {INPUT: np.stack([pixels for _, pixels in batch])})
            for (path, _), row in zip(batch, zip(*columns, strict=True), strict=True):
                rows[path] = dict(zip(names, row, strict=True))
            progress("calibrate", len(rows), len(paths))
    if file is not None and any(path in rows for path in missing):
        file.write(_unchanged(rows, identities, limits) | kept)
    readable = [path for path in paths if path in rows]
    numbers = {name: np.stack([rows[path][name] for path in readable]) for name in names if readable}
    return Measured(tuple(readable), len(paths) - len(readable), numbers, junk)


def _unchanged(
    rows: Mapping[Path, Row], identities: Mapping[Path, Identity | None], limits: Limits
) -> dict[Identity, Row]:
    """Return the rows of the files that have not changed since before they were decoded."""
    return {
        identity: row
        for path, row in rows.items()
        if (identity := identities[path]) is not None and identity == identity_of(path, limits)
    }
