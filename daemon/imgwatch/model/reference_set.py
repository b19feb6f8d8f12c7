"""The reference set: held-out normal pictures as numbers in a model file, with which feedback is fitted and calibrated.

At most 800 of them, each with its held-out score and its embedding in 8 bits a number.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imgwatch.errors import ModelError

KEY = "imgwatch_normals"
MOST = 800
_SEED = 0


@dataclass(frozen=True)
class ReferenceSet:
    """`scores` [M] and `embeddings` [M, D], both float32."""

    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]

    @classmethod
    def pick(cls, scores: NDArray[np.floating[Any]], embeddings: NDArray[np.floating[Any]]) -> Self:
        """Return a seeded sample of held-out pictures: scores [N], embeddings [N, D]."""
        chosen = sample(len(scores))
        return cls(
            np.asarray(scores[chosen], dtype=np.float32), np.asarray(embeddings[chosen], dtype=np.float32)
        )

    def packed(self) -> str:
        """Return it as text for a model's metadata."""
        step = float(np.abs(self.embeddings).max(initial=1e-9)) / 127
        small = np.round(self.embeddings / step).astype(np.int8)
        head = np.array([*small.shape], dtype="<u4").tobytes() + np.array([step], dtype="<f4").tobytes()
        content = head + self.scores.astype("<f4").tobytes() + small.tobytes()
        return base64.b64encode(zlib.compress(content, 6)).decode()

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """Return what `packed` wrote. Raises ModelError."""
        try:
            content = zlib.decompress(base64.b64decode(text))
            count, width = (int(number) for number in np.frombuffer(content, "<u4", 2))
            step = float(np.frombuffer(content, "<f4", 1, 8)[0])
            scores = np.frombuffer(content, "<f4", count, 12).astype(np.float32)
            small = np.frombuffer(content, np.int8, count * width, 12 + 4 * count)
        except (ValueError, zlib.error) as fault:
            raise ModelError(f"the model's reference set is damaged ({fault}); calibrate it again") from fault
        return cls(scores, small.reshape(count, width).astype(np.float32) * step)


def sample(number: int) -> Sequence[int]:
    """Return which of `number` pictures are packed, ascending."""
    return sorted(np.random.default_rng(_SEED).permutation(number)[:MOST].tolist())
