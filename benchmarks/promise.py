"""Do `calibrate` and `train` keep their promise on pictures that they have not seen? Random splits of normal folders.

    .venv/bin/python benchmarks/promise.py [--data ../shared/data] [--splits 5] [--train]

For each split: how many unseen pictures lie above the thresholds promised for 1 % and 5 %. The general model has seen
none of these folders.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits

FOLDERS = {  # name -> folders whose pictures are put together, and how many of them are learned from
    "irrelevant": (("irrelevant/photos",), 200),
    "ham_mixed_photos": (("ham_mixed_photos",), 100),
    "everyday": (("everyday/normal_train", "everyday/normal_test"), 300),
}
SHARES = (0.01, 0.05)


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


def splits_of(way: str, name: str, data: Path, splits: int) -> tuple[list[int], int]:
    """Print a line a split; return how many of all unseen pictures lie above each threshold, and how many there are."""
    folders, count = FOLDERS[name]
    pictures = sorted(path for folder in folders for path in (data / folder).iterdir())
    sums, unseen = [0] * len(SHARES), len(pictures) - count
    for split in range(splits):
        drawn = random.Random(split).sample(pictures, len(pictures))
        counts = alarms(way, drawn[:count], drawn[count:])
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        print(f"| `{way}` | {name} | {split} | {unseen} | {' | '.join(map(str, counts))} |", flush=True)
    return sums, splits * unseen


def main() -> None:
    """Print a line a split, and the shares over all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--train", action="store_true", help="`train`, too (half a minute a split)")
    options = parser.parse_args()
    print("| way | folder | split | unseen | above 1 % | above 5 % |")
    print("|---|---|---|---|---|---|")
    for way in ("calibrate", "train") if options.train else ("calibrate",):
        for name in FOLDERS:
            sums, unseen = splits_of(way, name, options.data, options.splits)
            # The splits overlap: an interval over all of them would be too narrow, so it is that of one split's size.
            mean = [round(above / options.splits) for above in sums]
            one = unseen // options.splits
            shares = (
                f"{above / unseen:.1%} ({low:.1%}-{high:.1%})"
                for above, (low, high) in zip(sums, (clopper_pearson(n, one) for n in mean), strict=True)
            )
            print(f"| `{way}` | {name} | all | {unseen} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":  # decoding workers import this file again
    main()
