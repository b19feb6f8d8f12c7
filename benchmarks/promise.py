"""Do `calibrate` and `train` keep their promise on pictures that they have not seen? Random splits of normal folders.

    .venv/bin/python benchmarks/promise.py [--data ../shared/data] [--splits 5] [--train]

For each split: how many unseen pictures lie above the thresholds promised for 0.5, 1 and 5 %. In the end, by promise:
the realised share beside the promised one, and how many splits lie within what chance allows.

Ten folders, each of at most 400 pictures, drawn once. Some are what others would call junk: who collects
receipts has receipts as normal pictures. The general model has seen pictures of wardrobe, and of no other of them.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scipy.stats import binom

from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits

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
LEARNED_FROM = 0.6
SHARES = (0.005, 0.01, 0.05)


def alarms(way: str, known: list[Path], unseen: list[Path]) -> list[int]:
    """Make a model of some pictures; count the unseen ones above the threshold of each promise."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "known").mkdir()
        for path in known:
            shutil.copy(path, work / "known")
        lines = ["watch:", f"  - path: {work}/known", f"quarantine: {{path: {work}/q}}", f"state: {work}/s"]
        (work / "config.yaml").write_text("\n".join(lines))
        command = [sys.executable, "-m", "imgwatch", way, "--config", str(work / "config.yaml")]
        written = ["--out", str(work / "model.onnx"), str(work / "known")]
        subprocess.run([*command, *written], check=True, capture_output=True)
        scorer = Scorer(work / "model.onnx")
        with Judge(scorer, None, Limits()) as judge:
            scores = [judged.judgement.score for judged in judge.judge(unseen)]
    thresholds = [scorer.contract.calibration.threshold_for(share) for share in SHARES]
    return [sum(score is not None and score > threshold for score in scores) for threshold in thresholds]


class Split(NamedTuple):
    """How many of so many unseen pictures lie above the threshold of each promise."""

    unseen: int
    counts: list[int]


def splits_of(way: str, name: str, data: Path, splits: int) -> list[Split]:
    """Print a line a split, and the shares over all of them."""
    every = sorted(path for folder in FOLDERS[name] for path in (data / folder).iterdir())
    pictures = random.Random(0).sample(every, min(MOST, len(every)))
    count, made = int(LEARNED_FROM * len(pictures)), []
    for split in range(splits):
        drawn = random.Random(split).sample(pictures, len(pictures))
        made.append(Split(len(drawn) - count, alarms(way, drawn[:count], drawn[count:])))
        print(f"| `{way}` | {name} | {split} | {made[-1].unseen} | {_cells(made[-1].counts)} |", flush=True)
    shares = [
        sum(one.counts[n] for one in made) / sum(one.unseen for one in made) for n in range(len(SHARES))
    ]
    print(
        f"| `{way}` | {name} | all | {made[0].unseen} | {_cells(f'{share:.2%}' for share in shares)} |",
        flush=True,
    )
    return made


def summary(way: str, splits: list[Split]) -> None:
    """Print, by promise, the realised share in units of the promised one, and how many splits chance allows."""
    for number, promised in enumerate(SHARES):
        realised = sum(one.counts[number] for one in splits) / sum(one.unseen for one in splits)
        allowed = sum(
            binom.ppf(0.025, one.unseen, promised)
            <= one.counts[number]
            <= binom.ppf(0.975, one.unseen, promised)
            for one in splits
        )
        print(f"`{way}`, {promised:.1%} promised: {realised:.2%} realised, {realised / promised:.2f} of it; "
              f"{allowed} of {len(splits)} splits within the binomial interval")  # fmt: skip


def _cells(values: Iterable[object]) -> str:
    return " | ".join(map(str, values))


def main() -> None:
    """Print a line a split, and the shares over all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--train", action="store_true", help="`train`, too (half a minute a split)")
    options = parser.parse_args()
    print("| way | folder | split | unseen | above 0.5 % | above 1 % | above 5 % |")
    print("|---|---|---|---|---|---|---|")
    made = {
        way: [split for name in FOLDERS for split in splits_of(way, name, options.data, options.splits)]
        for way in (("calibrate", "train") if options.train else ("calibrate",))
    }
    for way, splits in made.items():
        summary(way, splits)


if __name__ == "__main__":  # decoding workers import this file again
    main()
