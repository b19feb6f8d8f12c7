"""Finds the pictures, among those seen before, that are copies of a picture, and which of two is the original.

It moves nothing: `pipeline` decides what becomes of a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imgwatch.duplicates.alignment import fit
from imgwatch.duplicates.nearest import Nearest
from imgwatch.duplicates.ranking import Because, Traits, original
from imgwatch.duplicates.signature import LOOK_SIDE, SHADE_WIDTH, signature_of, views_of
from imgwatch.files import Identity
from imgwatch.ledger import Ledger
from imgwatch.ledger.signatures import Signed
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Box, Decoded
from imgwatch.scan import identity_of

_VERSION = 3  # of what a signature is; 1 had one grey picture, 2 several


class Copy(NamedTuple):
    """A copy, its original, and why that is the original; `is_exact`: both files have the same bytes."""

    copy: Signed
    original: Signed
    because: Because
    is_exact: bool


class Finder:
    """Finds copies among the pictures whose signatures are in the ledger. For one thread."""

    def __init__(
        self,
        ledger: Ledger,
        decoder: Callable[[], Decoder],
        scorer: Callable[[], Scorer],
        reference: Iterable[Path],
    ) -> None:
        """Prepare; `decoder` and `scorer` (of the general model) are not called before the first picture."""
        self._ledger = ledger
        self._decoder = decoder
        self._open_scorer = scorer
        self._scorer: Scorer | None = None
        self._reference = tuple(folder.resolve() for folder in reference)
        self._nearest = Nearest()
        self._width = 0  # of a row of vectors, once that is known

    def is_reference(self, path: Path) -> bool:
        """Return whether a picture lies in a reference folder, which is never touched."""
        return any(path.is_relative_to(folder) for folder in self._reference)

    def look_at(self, path: Path, identity: Identity) -> Signed | None:
        """Return the signature of this version of a picture, made if there is none; None if that fails."""
        scorer = self._general()
        known = self._ledger.signatures.at(path, _space(scorer))
        if known is not None and known.is_version(identity):
            return known
        decoded = self._decoder().look_at(path, Box(LOOK_SIDE, with_origin=True))
        if not isinstance(decoded, Decoded) or decoded.identity != identity:
            return None
        signature = signature_of(decoded.pixels, scorer)
        return self._ledger.signatures.add(
            path, identity, decoded.sha256, _space(scorer), signature.vectors.astype(np.float16).tobytes(),
            signature.thumbnails, tuple(Traits.of(decoded.pixels, decoded.origin)),
        )  # fmt: skip

    def copies(self, signed: Signed) -> Iterator[Copy]:
        """Yield each pair of this picture and another existing one, the most alike first."""
        exact = [other for other in self._ledger.signatures.with_digest(signed.sha256, _space(self._general()))
                 if self._is_another(other, signed)]  # fmt: skip
        for other in exact:
            yield self._rank(signed, other, None)
        mine = views_of(signed.thumbnails)
        fits = []
        for other in self._near(signed):
            if other.sha256 != signed.sha256 and self._is_another(other, signed):
                pair = fit(mine, views_of(other.thumbnails))
                if pair.is_copy:
                    ranked = original(_traits(signed), _traits(other), pair)
                    fits.append((pair.likeness, self._rank(signed, other, ranked)))
        yield from (copy for _, copy in sorted(fits, key=lambda each: -each[0]))

    def forget(self, path: Path) -> None:
        """Forget a picture that has left its folder."""
        self._ledger.signatures.forget(path)

    def _rank(self, first: Signed, second: Signed, ranked: tuple[bool, Because] | None) -> Copy:
        is_exact = first.sha256 == second.sha256
        references = self.is_reference(first.path), self.is_reference(second.path)
        if references[0] != references[1]:
            ranked = references[0], Because.REFERENCE
        is_first, because = ranked or (
            first.number < second.number, Because.EXACT if is_exact else Because.EARLIER
        )  # fmt: skip
        return Copy(second, first, because, is_exact) if is_first else Copy(first, second, because, is_exact)

    def _is_another(self, other: Signed, signed: Signed) -> bool:
        """Return whether it is another file, and still in the version of its signature."""
        if other.path == signed.path or (other.ino, other.mtime_ns) == (signed.ino, signed.mtime_ns):
            return False
        return other.is_version(identity_of(other.path))

    def _near(self, signed: Signed) -> Iterator[Signed]:
        self._catch_up()
        for number in self._nearest.of(self._vectors(signed.vectors), but=signed.number):
            known = self._ledger.signatures.numbered(number)
            if known is not None:
                yield known

    def _catch_up(self) -> None:
        """Read the signatures that any process has added since."""
        rows = self._ledger.signatures.vectors_since(self._nearest.last, _space(self._general()))
        self._nearest.add([number for number, _ in rows], [self._vectors(blob) for _, blob in rows])

    def _vectors(self, blob: bytes) -> NDArray[np.float32]:
        self._width = self._width or self._embedding_width() + SHADE_WIDTH
        return np.frombuffer(blob, np.float16).reshape(-1, self._width).astype(np.float32)

    def _embedding_width(self) -> int:
        shape = self._general().contract.shape
        blank = np.zeros((1, shape.height, shape.width, shape.channels), np.uint8)
        return int(self._general().embed(blank)[2].shape[1])

    def _general(self) -> Scorer:
        if self._scorer is None:
            self._scorer = self._open_scorer()
        return self._scorer


def _space(scorer: Scorer) -> str:
    """Return the name of the signatures' space for the ledger: signatures of another one are made again."""
    return f"{scorer.name}/{_VERSION}"


def _traits(signed: Signed) -> Traits:
    width, height, has_camera, coarseness, sharpness = signed.traits
    return Traits(int(width), int(height), bool(has_camera), coarseness, sharpness)
