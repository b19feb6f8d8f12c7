"""Is a changed folder noticed? Real pictures that no model has seen, as they are and as another camera would take them.

    .venv/bin/python benchmarks/drift.py [--data ../shared/data] [--seed 0]

A model is trained on a part of each folder; the unseen rest is changed and judged, and what is kept is compared in
blocks as the daemon does. The changes are synthetic, but for "photos of anything": other pictures. Markdown on stdout.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from imgwatch.drift import BLOCK, Drift
from imgwatch.judgement import Verdict
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.progress import silent
from imgwatch.settings import TrainSettings
from imgwatch_train.job import Job
from imgwatch_train.recipe import train

_QUALITY = 90
_HOUR = 3600 / 5  # seconds between two pictures: the pace at which all of them count


def _recompressed(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=15)
    return Image.open(stream)


def _warm(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    return Image.merge(
        "RGB", (red.point(lambda v: min(255, int(v * 1.2))), green, blue.point(lambda v: int(v * 0.75)))
    )


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as they are": lambda image: image,
    "half the light": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "warm light": _warm,
    "black and white": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "JPEG of quality 15": _recompressed,
    "slightly out of focus": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "turned by 90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
}


def pictures_in(*folders: Path) -> list[Path]:
    """Return the files of folders, in the order of their names, which is that of time where there is one."""
    return [path for folder in folders for path in sorted(folder.iterdir())]


def write_changed(
    pictures: Sequence[Path], change: Callable[[Image.Image], Image.Image], into: Path
) -> list[Path]:
    """Write changed copies, in the same order."""
    into.mkdir()
    copies = []
    for number, path in enumerate(pictures):
        copies.append(into / f"{number:05}.jpg")
        with Image.open(path) as image:
            change(image.convert("RGB")).save(copies[-1], quality=_QUALITY)
    return copies


def row(model: Path, pictures: Sequence[Path]) -> str:
    """Judge pictures as they would come in; say what is quarantined and when a change is reported."""
    drift, kept, first_told, chance = Drift("measured"), 0, "not reported", None
    with Judge(Scorer(model), None, Limits(), workers=2) as judge:
        normal = judge.contract.calibration.scores
        for number, judged in enumerate(judge.judge(pictures), 1):
            if judged.judgement.verdict is not Verdict.KEEP:
                continue
            kept += 1
            drift = drift.noted(judged.judgement.score or 0.0, judge.threshold, normal, kept * _HOUR)
            chance = drift.chance if chance is None else chance
            if drift.drifts and first_told == "not reported":
                first_told = f"after {number}"
    median = "" if drift.median is None else f"{100 * drift.median:.0f} %"
    looks = "" if chance is None else f"{chance:.2g}"
    return f"{1 - kept / len(pictures):.1%} of {len(pictures)} | {kept // BLOCK} | {median} | {looks} | {first_told}"


def folders(data: Path) -> Iterator[tuple[str, list[Path], list[Path], dict[str, list[Path]]]]:
    """Yield name, pictures to learn, unseen ones, and other pictures."""
    wardrobe, robot = data / "wardrobe", data / "robot"
    others = pictures_in(data / "irrelevant" / "photos")
    unseen = pictures_in(wardrobe / "normal_val", wardrobe / "normal_test")
    yield "wardrobe", pictures_in(wardrobe / "normal_train"), unseen, {"photos of anything": others}
    frames = pictures_in(robot / "normal_train", robot / "normal_test")
    yield "robot", frames[:816], frames[816:], {}


def main() -> None:
    """Print a line a change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| folder | change | quarantined | tests | median rank, last | probability, first | reported |")
    print("|---|---|---|---|---|---|---|")
    for name, known, unseen, others in folders(arguments.data):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write_changed(known, CHANGES["as they are"], folder / "learnt")
            train(Job((folder / "learnt",), TrainSettings(seed=arguments.seed), folder / "m.onnx"), silent)
            copies = {change: write_changed(unseen, how, folder / change) for change, how in CHANGES.items()}
            copies |= {
                change: write_changed(pictures, CHANGES["as they are"], folder / change)
                for change, pictures in others.items()
            }
            for change, pictures in copies.items():
                print(f"| {name} | {change} | {row(folder / 'm.onnx', pictures)} |", flush=True)


if __name__ == "__main__":  # decoding workers import this file again
    main()
