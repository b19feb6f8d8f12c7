"""Finds what a picture is a copy of among those that were seen before, and which of the two is the original.

It moves nothing; what becomes of a copy, `pipeline` decides.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgwatch.duplicates.alignment import fit
from imgwatch.duplicates.ranking import Because, Traits, original
from imgwatch.duplicates.signature import LOOK_SIDE, signature_of
from imgwatch.files import Identity
from imgwatch.ledger import Ledger
from imgwatch.ledger.signatures import Signed
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Box, Decoded
from imgwatch.scan import identity_of

LEAST_LIKENESS = 0.8  # of a copy; chosen and measured by benchmarks/duplicates.py
LEAST_COSINE = 0.35  # between embeddings, before two pictures are compared
MOST_COMPARED = 5  # pictures with the nearest embeddings


class Copy(NamedTuple):
    """A copy, its original, and why that is the original; `is_exact`: both files have the same bytes."""

    copy: Signed
    original: Signed
    because: Because
    is_exact: bool


class Finder:
    """Knows the pictures whose signatures the ledger has. For one thread."""

    def __init__(
        self,
        ledger: Ledger,
        decoder: Callable[[], Decoder],
        scorer: Callable[[], Scorer],
        reference: Iterable[Path],
    ) -> None:
        """Take what decodes, and what loads the general model: neither is asked for before the first picture."""
        self._ledger = ledger
        self._decoder = decoder
        self._open_scorer = scorer
        self._scorer: Scorer | None = None
        self._reference = tuple(folder.resolve() for folder in reference)
        self._numbers: NDArray[np.int64] = np.empty(0, np.int64)  # of the rows of `_vectors`
        self._vectors: NDArray[np.float32] = np.empty((0, 0), np.float32)

    def is_reference(self, path: Path) -> bool:
        """Tell whether a picture lies in a folder that is never touched."""
        return any(path.is_relative_to(folder) for folder in self._reference)

    def look_at(self, path: Path, identity: Identity) -> Signed | None:
        """Return the signature of a picture, made if this version has none; None if it cannot be made."""
        scorer = self._general()
        known = self._ledger.signatures.at(path, scorer.name)
        if known is not None and known.is_version(identity):
            return known
        decoded = self._decoder().look_at(path, Box(LOOK_SIDE, with_origin=True))
        if not isinstance(decoded, Decoded) or decoded.identity != identity:
            return None
        signature = signature_of(decoded.pixels, scorer)
        return self._ledger.signatures.add(
            path, identity, decoded.sha256, scorer.name, signature.vectors.astype(np.float16).tobytes(),
            signature.thumbnail, tuple(Traits.of(decoded.pixels, decoded.origin)),
        )  # fmt: skip

    def copies(self, signed: Signed) -> Iterator[Copy]:
        """Yield each pair of this picture and another one that is there, the most alike first."""
        exact = [other for other in self._ledger.signatures.with_digest(signed.sha256, self._general().name)
                 if self._is_another(other, signed)]  # fmt: skip
        for other in exact:
            yield self._ranked(signed, other, None)
        mine = _grey(signed)
        fits = []
        for other in self._near(signed):
            if other.sha256 != signed.sha256 and self._is_another(other, signed):
                pair = fit(mine, _grey(other))
                if pair.likeness >= LEAST_LIKENESS:
                    ranked = original(_traits(signed), _traits(other), pair)
                    fits.append((pair.likeness, self._ranked(signed, other, ranked)))
        yield from (copy for _, copy in sorted(fits, key=lambda each: -each[0]))

    def forget(self, path: Path) -> None:
        """Forget a picture that has left its folder."""
        self._ledger.signatures.forget(path)

    def _ranked(self, one: Signed, other: Signed, ranked: tuple[bool, Because] | None) -> Copy:
        is_exact = one.sha256 == other.sha256
        references = self.is_reference(one.path), self.is_reference(other.path)
        if references[0] != references[1]:
            ranked = references[0], Because.REFERENCE
        is_first, because = ranked or (
            one.number < other.number, Because.EXACT if is_exact else Because.EARLIER
        )  # fmt: skip
        return Copy(other, one, because, is_exact) if is_first else Copy(one, other, because, is_exact)

    def _is_another(self, other: Signed, signed: Signed) -> bool:
        """Tell whether it is another file, and still the version that was looked at."""
        if other.path == signed.path or (other.ino, other.mtime_ns) == (signed.ino, signed.mtime_ns):
            return False
        return other.is_version(identity_of(other.path))

    def _near(self, signed: Signed) -> Iterator[Signed]:
        self._catch_up()
        if not len(self._numbers):
            return
        nearness = (self._vectors @ _vectors(signed, self._vectors.shape[1]).T).max(axis=1)
        numbers: list[int] = []
        for row in np.argsort(-nearness)[: 4 * MOST_COMPARED]:
            number = int(self._numbers[row])
            if nearness[row] < LEAST_COSINE or len(numbers) == MOST_COMPARED:
                break
            if number != signed.number and number not in numbers:
                numbers.append(number)
        for number in numbers:
            known = self._ledger.signatures.numbered(number)
            if known is not None:
                yield known

    def _catch_up(self) -> None:
        """Take in what was added since, by whatever process."""
        last = int(self._numbers[-1]) if len(self._numbers) else 0
        scorer = self._general()
        rows = self._ledger.signatures.vectors_since(last, scorer.name)
        if not rows:
            return
        width = self._vectors.shape[1] or self._width()
        fresh = [np.frombuffer(blob, np.float16).reshape(-1, width) for _, blob in rows]
        self._numbers = np.concatenate(
            [self._numbers, *(np.full(len(each), row[0]) for each, row in zip(fresh, rows, strict=True))]
        )
        known = self._vectors.reshape(-1, width)
        self._vectors = np.concatenate([known, *fresh]).astype(np.float32)

    def _width(self) -> int:
        shape = self._general().contract.shape
        blank = np.zeros((1, shape.height, shape.width, shape.channels), np.uint8)
        return int(self._general().embed(blank)[2].shape[1])

    def _general(self) -> Scorer:
        if self._scorer is None:
            self._scorer = self._open_scorer()
        return self._scorer


def _vectors(signed: Signed, width: int) -> NDArray[np.float32]:
    return np.frombuffer(signed.vectors, np.float16).reshape(-1, width).astype(np.float32)


def _grey(signed: Signed) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(signed.thumbnail), formats=("JPEG",)) as image:
        return np.asarray(image.convert("L"))


def _traits(signed: Signed) -> Traits:
    width, height, has_camera, coarseness, sharpness = signed.traits
    return Traits(int(width), int(height), bool(has_camera), coarseness, sharpness)
