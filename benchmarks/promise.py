"""Does `calibrate` keep its promise on pictures that it has not seen? Random splits of folders of normal pictures.

    .venv/bin/python benchmarks/promise.py [--data ../shared/data] [--splits 5]

For each split: how many unseen pictures lie above the thresholds promised for 1 % and 5 %, by the exact rule that
`calibrate` uses and by the outlier rule that `train` uses (which may count clear outliers as junk). The general model
has seen none of these folders. The exact rule was chosen after a look at these very splits: they show why, they do not
prove it for other folders.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import msgspec

import imgwatch
from imgwatch.calibration.calibrate import calibrate
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.settings import ThresholdRule

MODEL = Path(imgwatch.__file__).parent / "default.onnx"
FOLDERS = {"irrelevant/photos": 200, "ham_mixed_photos": 100}  # folder -> pictures to calibrate on
SHARES = (0.01, 0.05)


def alarms(known: list[Path], unseen: list[Path]) -> list[int]:
    """Calibrate on some pictures; count the unseen ones above each threshold: exact 1 %, 5 %, outlier rule 1 %, 5 %."""
    fitted = calibrate(MODEL, known, ThresholdRule(false_alarms=0.01), Limits(), 1, lambda *_: None)
    exact = fitted.contract.calibration
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.onnx"
        fitted.write(out)
        with Judge(Scorer(out), None, Limits()) as judge:
            scores = [judged.judgement.score or 0.0 for judged in judge.judge(unseen)]
    sparing = msgspec.structs.replace(exact, outliers=fitted.standing_out)
    thresholds = [rule.threshold_for(share) for rule in (exact, sparing) for share in SHARES]
    return [sum(score > threshold for score in scores) for threshold in thresholds]


def main() -> None:
    """Print a line a split, and the shares over all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--splits", type=int, default=5)
    arguments = parser.parse_args()
    print("| folder | split | unseen | exact: above 1 % | 5 % | outlier rule: above 1 % | 5 % |")
    print("|---|---|---|---|---|---|---|")
    for name, count in FOLDERS.items():
        sums, unseen_in_all = [0] * 4, 0
        for split in range(arguments.splits):
            pictures = sorted((arguments.data / name).iterdir())
            random.Random(split).shuffle(pictures)
            counts = alarms(pictures[:count], pictures[count:])
            sums = [a + b for a, b in zip(sums, counts, strict=True)]
            unseen_in_all += len(pictures) - count
            print(
                f"| {name} | {split} | {len(pictures) - count} | {' | '.join(map(str, counts))} |", flush=True
            )
        print(
            f"| {name} | all | {unseen_in_all} | {' | '.join(f'{n / unseen_in_all:.1%}' for n in sums)} |",
            flush=True,
        )


if __name__ == "__main__":  # decoding workers import this file again
    main()
