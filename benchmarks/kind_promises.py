"""Are promises of kinds kept, and do they keep a few odd pictures of one kind from making the others silent?

    python benchmarks/kind_promises.py --data ../shared/data [--splits 3] [--table silence]

The general model is calibrated to random parts of wide folders. First table: the unseen rest, with a promise of 1 % for
each of five kinds. Second: a part of `wide` with some receipts, screenshots or memes among it; junk caught with one
promise of 1 % for all kinds, and with 0.2 % of it set apart for the kind that lies in the folder. Third: whether that
kind is said to be silent, and what is caught of it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from imgwatch.calibration.calibrate import calibrate
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.judgement import Kind
from imgwatch.kind_promises import KindPromises, silent_kinds
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoding import Limits, Pixels, decode
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised
from imgwatch.standard import Standard

FOLDERS = {
    "everyday": (("everyday/normal_train", "everyday/normal_test"), 350),
    "wide": (("irrelevant/photos", "ham_mixed_photos"), 270),
}
JUNK = {
    "screenshots": Kind.SCREENSHOT, "receipts": Kind.DOCUMENT, "memes_captioned": Kind.CAPTION,
    "ads": Kind.ADVERTISEMENT, "cards": Kind.CARD,
}  # fmt: skip
APART, TOTAL = 0.002, 0.01
AMONG = (3, 10)


@dataclass(frozen=True)
class Scored:
    """What a calibrated model says of pictures: scores [N] and parts [N, K]."""

    model: Scorer
    scores: Floats
    parts: Floats

    @classmethod
    def of(cls, model: Scorer, pixels: Pixels) -> Self:
        """Score pictures."""
        scored = [model.score(pixels[start : start + 8]) for start in range(0, len(pixels), 8)]
        return cls(model, np.concatenate([s for s, _ in scored]), np.concatenate([p for _, p in scored]))

    def taken(self, total: float, promised: Promised) -> list[Kind]:
        """Return the kinds of those that are taken."""
        rule = ThresholdRule(false_alarms=total)
        standard = Standard.of(self.model.contract, "", rule, promised, self.model.path)
        reasons = map(standard.why_junk, self.scores.tolist(), self.parts.tolist())
        return [reason.kind for reason in reasons if reason is not None]


class Bench:
    """Decodes every picture once, and measures it once for all calibrations."""

    def __init__(self, data: Path, work: Path) -> None:
        self._data, self._work = data, work
        self._decoded: dict[Path, Pixels] = {}
        self._shape = Scorer(DEFAULT_MODEL).contract.shape

    def listed(self, *folders: str) -> list[Path]:
        """Return the pictures of these folders."""
        return sorted(path for folder in folders for path in (self._data / folder).iterdir())

    def pixels(self, paths: Sequence[Path]) -> Pixels:
        """Decode pictures."""
        for path in paths:
            if path not in self._decoded:
                self._decoded[path] = decode(path.read_bytes(), self._shape, Limits())
        return np.stack([self._decoded[path] for path in paths])

    def fit(self, paths: Sequence[Path]) -> Scorer:
        """Calibrate the general model."""
        rule = ThresholdRule(false_alarms=TOTAL)
        fitted = calibrate(DEFAULT_MODEL, paths, rule, Limits(), 2, lambda *_: None, self._work / "measured")
        fitted.write(self._work / "mine.onnx")
        return Scorer(self._work / "mine.onnx", threads=2)


def kept_promises(bench: Bench, splits: int) -> None:
    """Print how many unseen pictures each kind takes where 1 % was promised to each."""
    kinds = list(JUNK.values())
    print(f"| folder | unseen | {' | '.join(kinds)} | others | all |")
    print(f"|---|---|{'---|' * (len(kinds) + 2)}")
    promised = tuple((str(kind), 0.01) for kind in kinds)
    for name, (folders, count) in FOLDERS.items():
        pictures, taken, unseen = bench.listed(*folders), Counter[Kind](), 0
        for split in range(splits):
            drawn = [pictures[n] for n in np.random.default_rng(split).permutation(len(pictures))]
            rest = bench.pixels(drawn[count:])
            taken.update(Scored.of(bench.fit(drawn[:count]), rest).taken(0.06, promised))
            unseen += len(rest)
        others = sum(number for kind, number in taken.items() if kind not in kinds)
        cells = [_share(number, unseen, splits) for number in (*(taken[kind] for kind in kinds), others)]
        print(f"| {name} | {unseen} | {' | '.join(cells)} | {_share(taken.total(), unseen, splits)} |")


def _share(number: int, unseen: int, splits: int) -> str:
    """Return a share in words; splits overlap, so that the interval is that of one split's size."""
    low, high = clopper_pearson(round(number / splits), unseen // splits)
    return f"{number / unseen:.1%} ({low:.1%}-{high:.1%})"


def kept_apart(bench: Bench, splits: int) -> None:
    """Print what is caught where some junk of one kind lies in the folder, without and with a promise of its own."""
    print(f"| among 270 | {' | '.join(JUNK)} | false alarms |")
    print(f"|---|{'---|' * (len(JUNK) + 1)}")
    for among, kind in list(JUNK.items())[:3]:
        for number in AMONG:
            caught = np.mean([_caught(bench, split, among, number, kind) for split in range(splits)], axis=0)
            cells = [f"{together:.2f}, {apart:.2f}" for together, apart in caught[:-1]]
            print(f"| {number} {among} | {' | '.join(cells)} | {caught[-1][0]:.1%}, {caught[-1][1]:.1%} |")


def _caught(bench: Bench, split: int, among: str, number: int, kind: Kind) -> list[tuple[float, ...]]:
    """Return the share of each group that is taken, without and with a promise of its own for the kind."""
    draw = np.random.default_rng(split)
    pictures, junk = bench.listed(*FOLDERS["wide"][0]), {name: bench.listed(f"junk/{name}") for name in JUNK}
    drawn = [pictures[n] for n in draw.permutation(len(pictures))]
    odd = [junk[among][n] for n in draw.permutation(len(junk[among]))]
    model = bench.fit([*drawn[:270], *odd[:number]])
    groups = [*(junk | {among: odd[number:]}).values(), drawn[270:]]
    scored = [Scored.of(model, bench.pixels(group)) for group in groups]
    ways: tuple[Promised, ...] = ((), ((str(kind), APART),))
    return [tuple(len(group.taken(TOTAL, way)) / len(group.scores) for way in ways) for group in scored]


def silence(bench: Bench, splits: int) -> None:
    """Print whether a kind of which some lie in the folder is said to be silent, and how much of it is caught."""
    print("| kind | folder | in it | said to be silent | caught |")
    print("|---|---|---|---|---|")
    for name, kind in JUNK.items():
        for folder in FOLDERS:
            for number in (0, 3, 6, 12):
                outcomes = [_silence(bench, split, folder, name, number) for split in range(splits)]
                silent, caught = sum(said for said, _ in outcomes), np.mean([share for _, share in outcomes])
                print(f"| {kind} | {folder} | {number} | {silent} of {splits} | {caught:.2f} |", flush=True)


def _silence(bench: Bench, split: int, folder: str, name: str, number: int) -> tuple[bool, float]:
    draw = np.random.default_rng(split)
    pictures, junk = bench.listed(*FOLDERS[folder][0]), bench.listed(f"junk/{name}")
    drawn = [pictures[n] for n in draw.permutation(len(pictures))[: FOLDERS[folder][1]]]
    odd = [junk[n] for n in draw.permutation(len(junk))]
    model = bench.fit([*drawn, *odd[:number]])
    kinds = KindPromises.of(model.contract, None, (), model.path)
    is_silent = any(silent.kind is JUNK[name] for silent in silent_kinds(model.contract, kinds))
    unseen = Scored.of(model, bench.pixels(odd[number:][:40]))
    return is_silent, len(unseen.taken(TOTAL, ())) / len(unseen.scores)


TABLES = {"promises": kept_promises, "apart": kept_apart, "silence": silence}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--table", action="append", choices=TABLES, help="this one only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.data.absolute(), Path(folder))
        for table in options.table or TABLES:
            TABLES[table](bench, options.splits)
            print()


if __name__ == "__main__":
    main()
