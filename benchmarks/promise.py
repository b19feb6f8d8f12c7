"""Do `calibrate` and `train` keep their promise on pictures that they have not seen? Random splits of ten folders.

    .venv/bin/python benchmarks/promise.py --way calibrate [--data ../shared/data] [--splits 20] [--results FILE]
    .venv/bin/python benchmarks/promise.py --way train --splits 5
    .venv/bin/python benchmarks/promise.py --table

Each split is a line of the results: how many unseen pictures lie above the thresholds promised for 0.5, 1 and 5 %.
What is there already is not done again, and `--table` sums up what is there.

`calibrate` runs as the command does, but in this process: it keeps what it measures of a picture from one split to the
next, writes a model, and that model judges the unseen pictures. For `train`, pseudo-junk is drawn once from each
picture of a folder, as much as `train` draws, and a split learns from what was drawn from its known pictures; instead
of the exported graph, the parts that it is made of measure the unseen ones.

Each folder is of at most 400 pictures, drawn once, of which two thirds are known: as many as it takes for 1 % to be
promised in all of them. Some are what others would call junk: who collects receipts has receipts as normal pictures.
The general model has seen pictures of wardrobe, and of no other of them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import betabinom, binom

from imgwatch.calibration.calibrate import calibrate
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.judging import Judge
from imgwatch.model.contract import Calibration
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoding import Limits, decode
from imgwatch.settings import ThresholdRule, TrainSettings

FOLDERS = {  # name -> folders whose pictures are put together
    "irrelevant": ("irrelevant/photos",),
    "ham_mixed_photos": ("ham_mixed_photos",),
    "everyday": ("everyday/normal_train", "everyday/normal_test"),
    "wardrobe": ("wardrobe/normal_train", "wardrobe/normal_val", "wardrobe/normal_test"),
    "robot": ("robot/normal_train", "robot/normal_test"),
    "spam": ("junk/spam",),
    "memes": ("junk/memes", "junk/memes_captioned"),
    "paper": ("junk/receipts", "junk/ads"),
    "photos and memes": ("everyday/normal_test", "junk/memes", "junk/memes_captioned"),
    "photos and receipts": ("ham_mixed_photos", "junk/receipts"),
}
MOST = 400  # pictures of a folder
KNOWN = 2 / 3
SHARES = (0.005, 0.01, 0.05)
Way = Callable[
    [list[Path], list[Path]], list[int]
]  # known and unseen pictures -> unseen ones above each threshold


@dataclass(frozen=True)
class Split:
    """How many of so many `unseen` pictures lie above the threshold of each promise, learned from `known` ones."""

    way: str
    folder: str
    number: int
    known: int
    unseen: int
    counts: tuple[int, ...]


def pictures_of(data: Path, name: str) -> list[Path]:
    """Return the pictures of a folder, or as many of them as are used."""
    paths = sorted(path for folder in FOLDERS[name] for path in (data / folder).iterdir())
    return random.Random(0).sample(paths, min(MOST, len(paths)))


def above(calibration: Calibration, scores: Floats) -> list[int]:
    """Count the scores [N] above the threshold of each promise."""
    return [int((scores > calibration.threshold_for(share)).sum()) for share in SHARES]


class Calibrating:
    """`imgwatch calibrate`, and a judge with what it writes."""

    def __init__(self, work: Path) -> None:
        self._work = work

    def __call__(self, known: list[Path], unseen: list[Path]) -> list[int]:
        """Calibrate on the known pictures; count the unseen ones above each threshold."""
        fitted = calibrate(
            DEFAULT_MODEL, known, ThresholdRule(false_alarms=0.01), Limits(), 1, lambda *_: None, self._work
        )
        fitted.write(self._work / "model.onnx")
        scorer = Scorer(self._work / "model.onnx")
        with Judge(scorer, None, Limits()) as judge:
            scores = np.array([judged.judgement.score for judged in judge.judge(unseen)])
        return above(scorer.contract.calibration, scores)


class Training:
    """What `imgwatch train` learns from a folder whose features, and those of what is drawn from it, are known."""

    def __init__(self, pictures: Sequence[Path]) -> None:
        from imgwatch_train.perceptual.examples import plan_drawings
        from imgwatch_train.perceptual.features import Backbone
        from imgwatch_train.perceptual.general import General
        from imgwatch_train.perceptual.pseudo_junk import render
        from imgwatch_train.perceptual.recipe import BACKBONE
        from imgwatch_train.runtime import prepare_tensorflow

        prepare_tensorflow(0, 1)
        self._options = TrainSettings().perceptual
        self._backbone = Backbone(BACKBONE)
        general = General.of_model(DEFAULT_MODEL, self._backbone)
        assert general is not None  # it was made with this backbone
        self._general = general
        self._rows = {path: row for row, path in enumerate(pictures)}
        pixels = np.stack([decode(path.read_bytes(), self._backbone.shape, Limits()) for path in pictures])
        self._drawings = plan_drawings(len(pictures), round(self._options.pseudo_junk / KNOWN), 0)
        self._features = self._backbone.features(pixels)
        self._drawn = self._backbone.features(
            np.stack(
                [render(pixels[d.source], d.kind, np.random.default_rng(d.seed)) for d in self._drawings]
            )
        )

    def __call__(self, known: list[Path], unseen: list[Path]) -> list[int]:
        """Learn from the known pictures; count the unseen ones above each threshold."""
        from imgwatch_train.perceptual.examples import Drawing, Plan, assemble
        from imgwatch_train.perceptual.features import Features
        from imgwatch_train.perceptual.learning import learn

        def some(features: Features, rows: list[int]) -> Features:
            return Features(features.statistics[rows], features.pooled[rows])

        numbers = {self._rows[path]: number for number, path in enumerate(known)}
        used = [number for number, drawing in enumerate(self._drawings) if drawing.source in numbers]
        drawings = [
            Drawing(drawing.kind, numbers[drawing.source], drawing.seed)
            for drawing in map(self._drawings.__getitem__, used)
        ]
        pictures, drawn = some(self._features, list(numbers)), some(self._drawn, used)
        groups, options = self._backbone.groups, self._options
        folder = assemble(pictures, drawn, drawings, self._general.project, groups, 0)
        plan = Plan(groups, 0, options.hidden, options.latent, options.epochs, self._backbone.stranger)
        trusted = np.zeros(len(known), bool)
        learnt = learn(folder, self._general, pictures.pooled, plan, lambda *_: None, trusted)
        own, parts = learnt.fusion.score(learnt.measures), learnt.fusion.parts(learnt.measures)
        new = learnt.measure(some(self._features, [self._rows[path] for path in unseen]))
        return above(Calibration.of(own, parts), learnt.fusion.score(new))


def measure(way: str, data: Path, splits: int, results: Path) -> None:
    """Do the splits that the results lack, and append each to them as soon as it is done."""
    done = {(split.way, split.folder, split.number) for split in read(results)}
    for name in FOLDERS:
        missing = [number for number in range(splits) if (way, name, number) not in done]
        if not missing:
            continue
        pictures = pictures_of(data, name)
        count = round(KNOWN * len(pictures))
        with tempfile.TemporaryDirectory() as work, results.open("a") as file:
            run: Way = Calibrating(Path(work)) if way == "calibrate" else Training(pictures)
            for number in missing:
                drawn = random.Random(number).sample(pictures, len(pictures))
                counts = tuple(run(drawn[:count], drawn[count:]))
                split = Split(way, name, number, count, len(drawn) - count, counts)
                print(json.dumps(asdict(split)), file=file, flush=True)


def read(results: Path) -> list[Split]:
    """Return the splits that are done."""
    lines = results.read_text().splitlines() if results.exists() else []
    return [Split(**{**json.loads(line), "counts": tuple(json.loads(line)["counts"])}) for line in lines]


def table(splits: Sequence[Split]) -> Iterator[str]:
    """Yield the lines of the tables: by folder, and by promise."""
    yield "| way | folder | splits | known / unseen | above 0.5 % | above 1 % | above 5 % |"
    yield "|---|---|---|---|---|---|---|"
    ways = sorted({split.way for split in splits})
    for way in ways:
        for name in FOLDERS:
            some = [split for split in splits if (split.way, split.folder) == (way, name)]
            if some:
                cells = " | ".join(_cell(some, promise) for promise in range(len(SHARES)))
                yield (f"| `{way}` | {name} | {len(some)} | {some[0].known} / {some[0].unseen} | {cells} |")
    yield ""
    yield (
        "| way | promised | folders, splits | realised / promised | chance lets an exact rule realise | splits within "
        "chance | within the binomial interval | there by an exact rule |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for way in ways:
        for promise, share in enumerate(SHARES):
            some = [split for split in splits if split.way == way and share * (split.known + 1) >= 1]
            yield f"| `{way}` | {share:.1%} | {_summary(some, promise)} |"


def _cell(splits: Sequence[Split], promise: int) -> str:
    """Word the share that all splits realised; in brackets what few pictures can promise instead."""
    share, known = SHARES[promise], splits[0].known
    realised = sum(split.counts[promise] for split in splits) / sum(split.unseen for split in splits)
    kept = "" if share * (known + 1) >= 1 else f" ({1 / (known + 1):.2%} can be promised)"
    return f"{realised:.2%}{kept}"


def _summary(splits: Sequence[Split], promise: int) -> str:
    """Word the mean of realised / promised with its interval, and how many splits lie within those of chance."""
    share = SHARES[promise]
    ratios = np.array([split.counts[promise] / split.unseen / share for split in splits])
    error = 1.96 * np.sqrt(
        sum(float(_of_rule(split, share).var()) / (split.unseen * share) ** 2 for split in splits)
    )
    within = {kind: sum(_is_within(split.counts[promise], law(split, share)) for split in splits)
              for kind, law in (("rule", _of_rule), ("sample", _of_sample))}  # fmt: skip
    exact = sum(_coverage(split, share) for split in splits)
    low, high = 1 - error / len(splits), 1 + error / len(splits)
    return " | ".join(
        (
            f"{len({split.folder for split in splits})}, {len(splits)}",
            f"{ratios.mean():.2f}",
            f"{low:.2f}-{high:.2f}",
            *(f"{within[kind]} of {len(splits)}" for kind in ("rule", "sample")),
            f"{exact:.0f}",
        )
    )


def _of_rule(split: Split, share: float):  # type: ignore[no-untyped-def] # scipy has no types
    """Return the law of the count where the threshold is that order statistic of the known scores: beta-binomial.

    It holds for each random split of a folder, whatever its pictures are, and its splits are independent.
    """
    higher = share * (split.known + 1)
    return betabinom(split.unseen, higher, split.known + 1 - higher)


def _of_sample(split: Split, share: float):  # type: ignore[no-untyped-def] # scipy has no types
    """Return the law of the count where exactly the promised share lies above: the threshold is no matter of chance."""
    return binom(split.unseen, share)


def _is_within(count: int, law) -> bool:  # type: ignore[no-untyped-def] # scipy has no types
    return bool(law.ppf(0.025) <= count <= law.ppf(0.975))


def _coverage(split: Split, share: float) -> float:
    """Return the chance that an exact rule's count lies within the interval of the sample alone."""
    sample, rule = _of_sample(split, share), _of_rule(split, share)
    return float(rule.cdf(sample.ppf(0.975)) - rule.cdf(sample.ppf(0.025) - 1))


def main() -> None:
    """Measure, or sum up what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--way", choices=("calibrate", "train"), default="calibrate")
    parser.add_argument("--results", type=Path, default=Path("bench/promise.jsonl"))
    parser.add_argument("--table", action="store_true", help="only sum up the results")
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if not options.table:
        measure(options.way, options.data.resolve(), options.splits, options.results)
    for line in table(read(options.results)):
        print(line)


if __name__ == "__main__":  # decoding workers import this file again
    main()
