"""Measure what decisions teach: junk caught after n deletions, at a promise, with the false alarms beside it.

A model is fitted to a normal folder; n pictures of a junk folder are deleted at random, the rest of that folder
(without near-copies of the deleted ones) and normal pictures never seen before are judged, with the lesson and without.
Mean of five draws. Run by `make bench-teaching`; the pictures are the shared ones ($IMGWATCH_SHARED or ../shared). The
model of wardrobe is trained once, into bench/. Writes docs/teaching.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgwatch.calibration.calibrate import calibrate
from imgwatch.feedback.correction import SAME, Correction, Example
from imgwatch.feedback.learner import MOST_EXAMPLES
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch.settings import ThresholdRule, TrainSettings

HERE = Path(__file__).parent.parent
SHARED = Path(os.environ.get("IMGWATCH_SHARED", HERE.parent / "shared")) / "data"
MODEL = HERE / "daemon" / "imgwatch" / "default.onnx"
PLACE = HERE / "bench" / "teaching"
JUNK = ("memes_captioned", "ads", "cards", "screenshots", "receipts", "greetings", "spam", "memes")
PROMISES = (0.005, 0.01)
DECISIONS = (0, 5, 10, 20, 50)
DRAWS = 5
FEWEST_LEFT = 8  # pictures to test on
TITLES = {
    "wardrobe": "wardrobe, by a model trained on {known} of its pictures",
    "everyday": "everyday, by the general model calibrated to {known} of its pictures",
    "wide": "wide: irrelevant/photos and ham_mixed_photos, by the general model calibrated to {known}",
    "irrelevant/photos": "irrelevant/photos, by the general model calibrated to {known}",
    "ham_mixed_photos": "ham_mixed_photos, by the general model calibrated to {known}",
}
PARTS = {
    "everyday": ("everyday/normal_train", "everyday/normal_test"),
    "wide": ("irrelevant/photos", "ham_mixed_photos"),
}


@dataclass(frozen=True)
class Seen:
    """What the model says of a folder: scores [N], embeddings [N, D]."""

    scores: Floats
    embeddings: Floats


def main() -> None:
    """Print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", action="append", choices=TITLES, help="this one only, and write nothing")
    options = parser.parse_args()
    seconds: dict[int, list[float]] = {}
    sections = [section for folder in options.folder or TITLES for section in measure(folder, seconds)]
    if options.folder:
        print("\n".join(sections))
        return
    head = (HERE / "benchmarks" / "teaching.head.md").read_text()
    text = "\n".join([head, *times(seconds), *sections]) + "\n"
    (HERE / "docs" / "teaching.md").write_text(text)
    print(text)


def measure(folder: str, seconds: dict[int, list[float]]) -> Iterator[str]:
    """Yield the sections of one normal folder; note how long learning took, by the number of decisions."""
    PLACE.mkdir(parents=True, exist_ok=True)
    model, known, fresh = train_on_wardrobe() if folder == "wardrobe" else calibrate_to(folder)
    scorer = Scorer(model, 2)
    normal = look(scorer, fresh)
    print(f"{folder}: {known} known, {len(fresh)} fresh", file=sys.stderr, flush=True)
    yield f"\n## {TITLES[folder].format(known=known)}; {len(fresh)} fresh ones for the false alarms\n"
    junk = {name: look(scorer, sorted((SHARED / "junk" / name).glob("*"))) for name in JUNK}
    for promise in PROMISES:
        yield f"\nPromise {100 * promise:g} %: caught (without the lesson) / realised false alarms, in %\n"
        yield "| junk | pictures | " + " | ".join(f"n = {n}" for n in DECISIONS) + " |"
        yield "|---|---|" + "---|" * len(DECISIONS)
        for name, seen in junk.items():
            cells = [cell(scorer, seen, normal, (promise, n), seconds) for n in DECISIONS]
            yield f"| {name} | {len(seen.scores)} | " + " | ".join(cells) + " |"
    many = np.concatenate([seen.embeddings for seen in junk.values()])[:MOST_EXAMPLES]
    for _ in range(DRAWS):
        learnt(many, scorer, scorer.contract.threshold.score, seconds)


def train_on_wardrobe() -> tuple[Path, int, list[Path]]:
    """Train a model on the training part of wardrobe, unless this version did; the rest of the folder is fresh."""
    from imgwatch_train.job import Job
    from imgwatch_train.recipe import train

    out, known = PLACE / f"wardrobe-{version()}.onnx", SHARED / "wardrobe" / "normal_train"
    if not out.exists():
        train(Job((known,), TrainSettings(), out))
    parts = ("normal_val", "normal_test")
    fresh = [path for part in parts for path in sorted((SHARED / "wardrobe" / part).glob("*"))]
    return out, len(list(known.glob("*"))), fresh


def version() -> str:
    """Name the recipe by what it is made of."""
    daemon = HERE / "daemon" / "imgwatch"
    parts = [
        *(HERE / "train").rglob("*.py"),
        *(daemon / "adaptation").glob("*.py"),
        *daemon.glob("backbone/*.onnx"),
    ]
    digest = hashlib.sha256(b"".join(part.read_bytes() for part in sorted(parts)))
    return digest.hexdigest()[:8]


def calibrate_to(folder: str) -> tuple[Path, int, list[Path]]:
    """Calibrate the general model to two thirds of a folder that it has not seen; the rest is fresh."""
    parts = PARTS.get(folder, (folder,))
    pictures = sorted(path for part in parts for path in (SHARED / part).glob("*"))
    out = PLACE / f"{Path(folder).name}.onnx"
    order = np.random.default_rng(0).permutation(len(pictures))
    known = [pictures[n] for n in order[: 2 * len(pictures) // 3]]
    fitted = calibrate(MODEL, known, ThresholdRule(false_alarms=0.01), Limits(), 2, lambda *_: None)
    fitted.write(out)
    return out, len(known), [pictures[n] for n in order[len(known) :]]


def times(seconds: dict[int, list[float]]) -> Iterator[str]:
    """Yield a table of how long learning took."""
    yield "| decisions | learnt in, median | longest, on a busy machine |"
    yield "|---|---|---|"
    for decisions, took in sorted(seconds.items()):
        yield f"| {decisions} | {statistics.median(took):.2f} s | {max(took):.2f} s |"


def look(scorer: Scorer, paths: Sequence[Path]) -> Seen:
    """Score and embed a folder."""
    scores, embeddings = [], []
    with Decoder(scorer.contract.shape, Limits(), 2) as decoder:
        for _, picture in decoder.decode(paths):
            if isinstance(picture, Decoded):
                score, _, embedding = scorer.embed(picture.pixels[None])
                scores.append(score)
                embeddings.append(embedding)
    return Seen(np.concatenate(scores), np.concatenate(embeddings))


def cell(
    scorer: Scorer, junk: Seen, normal: Seen, asked: tuple[float, int], seconds: dict[int, list[float]]
) -> str:
    """Return "caught (without) / false alarms" in per cent, mean of the draws, or a dash where too few are left."""
    promise, decisions = asked
    threshold = scorer.contract.calibration.threshold_for(promise)
    if not decisions:
        return f"{percent(junk.scores > threshold)} / {100 * np.mean(normal.scores > threshold):.1f}"
    caught, without, alarms = [], [], []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(junk.scores))
        chosen, rest = order[:decisions], order[decisions:]
        rest = rest[~is_near(junk.embeddings[rest], junk.embeddings[chosen])]
        if len(rest) < FEWEST_LEFT:
            return "-"
        lesson = learnt(junk.embeddings[chosen], scorer, threshold, seconds)
        caught.append(np.mean(taken(lesson, junk.scores[rest], junk.embeddings[rest], threshold)))
        without.append(np.mean(junk.scores[rest] > threshold))
        alarms.append(np.mean(taken(lesson, normal.scores, normal.embeddings, threshold)))
    return f"{percent(caught)} ({percent(without)}) / {100 * np.mean(alarms):.1f}"


def taken(lesson: Correction, scores: Floats, embeddings: Floats, threshold: float) -> np.ndarray:
    """Return which pictures are above the threshold with the lesson."""
    return np.asarray(scores + lesson.added(scores, embeddings) > threshold)


def percent(shares: Sequence[np.floating[Any]] | np.ndarray) -> str:
    """Write the mean of some shares."""
    return f"{100 * np.mean(shares):.0f}"


def learnt(deleted: Floats, scorer: Scorer, threshold: float, seconds: dict[int, list[float]]) -> Correction:
    """Learn, and note how long it took."""
    examples = [Example(f"{n}", True, 0.0, vector) for n, vector in enumerate(deleted)]
    begun = time.perf_counter()
    lesson = Correction.learn(examples, scorer.reference_set, threshold)
    seconds.setdefault(len(deleted), []).append(time.perf_counter() - begun)
    return lesson


def is_near(vectors: Floats, known: Floats) -> np.ndarray:
    """Return which vectors [N, D] are near-copies of known ones [M, D]."""
    if not len(known):
        return np.zeros(len(vectors), dtype=bool)
    length = np.maximum(np.linalg.norm(vectors, axis=1)[:, None], np.linalg.norm(known, axis=1)[None])
    apart = np.sqrt(np.maximum(((vectors[:, None] - known[None]) ** 2).sum(axis=2), 0)) / length
    near: np.ndarray = (apart <= SAME).any(axis=1)
    return near


if __name__ == "__main__":
    main()
