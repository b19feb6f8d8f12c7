"""Score stored pictures with an exported graph, as by the daemon. It sets no threshold."""

from __future__ import annotations

import numpy as np
import onnxruntime

from imgwatch.batches import batched
from imgwatch.model.contract import INPUT
from imgwatch.model.scorer import Floats
from imgwatch.progress import Progress
from imgwatch_train.data.pixel_file import PixelFile, Rows

_BATCH = 32


def score_rows(
    session: onnxruntime.InferenceSession, pictures: PixelFile, rows: Rows, progress: Progress
) -> tuple[Floats, Floats]:
    """Return score [N] and parts [N, K] of these rows."""
    scored = []
    for batch in batched(rows, _BATCH):
        scored.append(session.run(["score", "parts"], {INPUT: pictures[batch]}))
        progress("score", min(len(scored) * _BATCH, len(rows)), len(rows))
    scores, parts = zip(*scored, strict=True)
    return np.concatenate(scores), np.concatenate(parts)
