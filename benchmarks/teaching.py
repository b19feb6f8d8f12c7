"""Measure what decisions teach: junk caught after n deletions, at a promise, with the false alarms beside it.

The general model is calibrated to a normal folder; n pictures of a junk folder are deleted at random, the rest of that
folder (without near-copies of the deleted ones) and normal pictures never seen before are judged. Mean of five draws.
Run by `make bench-teaching`; the pictures are the shared ones ($IMGWATCH_SHARED or ../shared). Writes docs/teaching.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgwatch.adaptation.calibrate import calibrate
from imgwatch.adaptation.lesson import SAME, Example, Lesson
from imgwatch.decoder import Decoder
from imgwatch.picture import Decoded, Limits
from imgwatch.scorer import Floats, Scorer
from imgwatch.settings import ThresholdRule

HERE = Path(__file__).parent.parent
SHARED = Path(os.environ.get("IMGWATCH_SHARED", HERE.parent / "shared")) / "data"
MODEL = HERE / "daemon" / "imgwatch" / "default.onnx"
JUNK = ("spam", "receipts", "screenshots", "memes", "greetings")
PROMISES = (0.005, 0.01)
DECISIONS = (0, 5, 10, 20, 50)
DRAWS = 5
FEWEST_LEFT = 8  # pictures to test on


@dataclass(frozen=True)
class Seen:
    """What the model says of a folder: scores [N], embeddings [N, D]."""

    scores: Floats
    embeddings: Floats


def main() -> None:
    """Print the tables and write them."""
    sections = [section for folder in ("wardrobe", "ham_mixed_photos") for section in measure(folder)]
    text = (HERE / "benchmarks" / "teaching.head.md").read_text() + "\n".join(sections) + "\n"
    (HERE / "docs" / "teaching.md").write_text(text)
    print(text)


def measure(folder: str) -> Iterator[str]:
    """Yield the sections of one normal folder."""
    known, fresh = normal_pictures(folder)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "model.onnx"
        fitted = calibrate(MODEL, known, ThresholdRule(false_alarms=0.01), Limits(), 2, lambda *_: None)
        fitted.write(out)
        scorer = Scorer(out, 2)
        normal = look(scorer, fresh)
        print(f"{folder}: {len(known)} known, {len(fresh)} fresh", file=sys.stderr, flush=True)
        yield f"\n## {folder}: {len(known)} normal pictures known, {len(fresh)} fresh ones for the false alarms\n"
        junk = {name: look(scorer, sorted((SHARED / "junk" / name).glob("*"))) for name in JUNK}
        for promise in PROMISES:
            yield f"\nPromise {100 * promise:g} % (caught / realised false alarms, in %)\n"
            yield "| junk | pictures | " + " | ".join(f"n = {n}" for n in DECISIONS) + " |"
            yield "|---|---|" + "---|" * len(DECISIONS)
            for name, seen in junk.items():
                cells = [cell(scorer, seen, normal, promise, n) for n in DECISIONS]
                yield f"| {name} | {len(seen.scores)} | " + " | ".join(cells) + " |"


def normal_pictures(folder: str) -> tuple[list[Path], list[Path]]:
    """Return what calibrates, and what is never seen before."""
    if folder == "wardrobe":
        known = sorted((SHARED / "wardrobe" / "normal_train").glob("*"))
        return known, [
            p for s in ("normal_val", "normal_test") for p in sorted((SHARED / "wardrobe" / s).glob("*"))
        ]
    pictures = sorted((SHARED / folder).glob("*"))
    order = np.random.default_rng(0).permutation(len(pictures))
    return [pictures[n] for n in order[:100]], [pictures[n] for n in order[100:]]


def look(scorer: Scorer, paths: Sequence[Path]) -> Seen:
    """Score and embed a folder."""
    scores, embeddings = [], []
    with Decoder(scorer.contract.shape, Limits(), 2) as decoder:
        for _, found in decoder.decode(paths):
            if isinstance(found, Decoded):
                score, _, embedding = scorer.embed(found.pixels[None])
                scores.append(score)
                embeddings.append(embedding)
    return Seen(np.concatenate(scores), np.concatenate(embeddings))


def cell(scorer: Scorer, junk: Seen, normal: Seen, promise: float, decisions: int) -> str:
    """Return "caught / false alarms" in per cent, mean of the draws, or a dash where too few are left to test on."""
    threshold = scorer.contract.calibration.threshold_for(promise)
    caught, alarms = [], []
    for draw in range(DRAWS if decisions else 1):
        order = np.random.default_rng(draw).permutation(len(junk.scores))
        chosen, rest = order[:decisions], order[decisions:]
        rest = rest[~is_near(junk.embeddings[rest], junk.embeddings[chosen])]
        if len(rest) < FEWEST_LEFT:
            return "-"
        lesson = learnt(junk.embeddings[chosen], scorer, threshold)
        caught.append(np.mean(junk.scores[rest] + lesson.added(junk.embeddings[rest]) > threshold))
        alarms.append(np.mean(normal.scores + lesson.added(normal.embeddings) > threshold))
    return f"{100 * np.mean(caught):.0f} / {100 * np.mean(alarms):.1f}"


def learnt(deleted: Floats, scorer: Scorer, threshold: float) -> Lesson:
    """Learn, and complain if that takes a second."""
    begun = time.perf_counter()
    examples = [Example(f"{n}", True, 0.0, vector) for n, vector in enumerate(deleted)]
    lesson = Lesson.learn(examples, scorer.normals, threshold)
    seconds = time.perf_counter() - begun
    if seconds > 1:
        print(f"learning took {seconds:.1f} s", file=sys.stderr)
    return lesson


def is_near(vectors: Floats, known: Floats) -> np.ndarray:
    """Tell which vectors [N, D] are near-copies of known ones [M, D]."""
    if not len(known):
        return np.zeros(len(vectors), dtype=bool)
    length = np.maximum(np.linalg.norm(vectors, axis=1)[:, None], np.linalg.norm(known, axis=1)[None])
    apart = np.sqrt(np.maximum(((vectors[:, None] - known[None]) ** 2).sum(axis=2), 0)) / length
    near: np.ndarray = (apart <= SAME).any(axis=1)
    return near


if __name__ == "__main__":
    main()
