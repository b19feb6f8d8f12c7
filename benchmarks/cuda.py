"""Whether a CUDA card gives the same scores as the processor, and how fast `rescan` is with it.

    python benchmarks/cuda.py [--small 4000] [--large 600]

It needs onnxruntime-gpu and a card, and ends with 69 and the reason where they are missing. The pictures are those of
benchmarks/speed; decoding alone is Pillow's, in as many processes as rescan uses.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "speed"))

from judging import decoded, rescan_rate
from pictures import LARGE, SMALL, make
from PIL import Image, ImageFilter
from processes import Workspace

from imgwatch.errors import Unavailable
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Pixels
from imgwatch.settings.section import Device
from imgwatch.version import GENERAL_MODEL

_WORKERS = os.cpu_count() or 1
_COMPARED = 1024


def main() -> int:
    """Compare and measure; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=4000)
    parser.add_argument("--large", type=int, default=600)
    arguments = parser.parse_args()
    try:
        card = Scorer(Path(GENERAL_MODEL), device="cuda")
    except Unavailable as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    processor = Scorer(Path(GENERAL_MODEL), 1)
    with tempfile.TemporaryDirectory(prefix="imgwatch-") as folder:
        small = make(Path(folder, "small"), 400, SMALL)
        _compare(processor, card, small)
        _measure_model(processor, card, small)
        for name, pictures, count in (
            ("0.1 MP", small, arguments.small),
            ("12 MP", make(Path(folder, "large"), 24, LARGE), arguments.large),
        ):
            _measure_rescan(name, pictures, count, Path(folder))
    return 0


def _compare(processor: Scorer, card: Scorer, paths: list[Path]) -> None:
    """Score the same photographs, plain, blurred, dark and negative, on both."""
    pixels = _pixels(paths)[:_COMPARED]
    threshold = processor.contract.threshold.value
    (expected, parts), (scores, other_parts) = (_scores(scorer, pixels) for scorer in (processor, card))
    difference = np.abs(scores - expected)
    print(f"{len(pixels)} pictures, scores from {expected.min():.3f} to {expected.max():.3f}: "
          f"largest difference of a score {difference.max():.2e}, mean {difference.mean():.2e}, "
          f"of a part {np.abs(parts - other_parts).max():.2e}; "
          f"verdicts that differ: {np.sum((scores > threshold) != (expected > threshold))}")  # fmt: skip


def _pixels(paths: list[Path]) -> Pixels:
    changes: list[Callable[[Image.Image], Image.Image]] = [
        lambda image: image,
        lambda image: image.filter(ImageFilter.GaussianBlur(3)),
        lambda image: image.point(lambda value: value // 8),
        lambda image: image.point(lambda value: 255 - value),
    ]

    def views() -> Iterator[Image.Image]:
        for path in paths:
            with Image.open(path) as image:
                plain = image.convert("RGB").resize((224, 224))
            yield from (change(plain) for change in changes)

    return np.stack([np.asarray(view) for view in views()])


def _scores(scorer: Scorer, pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    batches = [scorer.score(pixels[first : first + 32]) for first in range(0, len(pixels), 32)]
    return np.concatenate([score for score, _ in batches]), np.concatenate([part for _, part in batches])


def _measure_model(processor: Scorer, card: Scorer, paths: list[Path]) -> None:
    pixels = _pixels(paths[:64])
    print(
        f"model alone, processor, {_WORKERS} threads: {_model_rate(processor, pixels[:8], _WORKERS):,.0f} pictures/s"
    )
    for batch in (8, 16, 32, 64, 128):
        rates = (f"{_model_rate(card, pixels[:batch], threads):,.0f}" for threads in (1, 2, 4))
        print(f"model alone, card, batches of {batch}, 1, 2 and 4 threads: {', '.join(rates)} pictures/s")


def _model_rate(scorer: Scorer, pixels: Pixels, threads: int) -> float:
    batches = max(threads * 4, 1600 // len(pixels))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(scorer.score, [pixels] * threads * 2))
        start = time.perf_counter()
        list(pool.map(scorer.score, [pixels] * batches))
        return batches * len(pixels) / (time.perf_counter() - start)


def _measure_rescan(name: str, pictures: list[Path], count: int, folder: Path) -> None:
    """Print pictures a second of decoding alone, and of rescan without and with the card, in turns."""
    rates: dict[str, list[float]] = {"decoding alone": [], "rescan, cpu": [], "rescan, cuda": []}
    spaces = {
        device: _inbox(folder / f"{name[:-3]}-{device}", pictures, count, device)
        for device in ("cpu", "cuda")
    }
    files = sorted(spaces["cpu"].inbox.iterdir())
    with multiprocessing.get_context("spawn").Pool(_WORKERS) as pool:
        decode = partial(decoded, mode="RGB")
        pool.map(decode, files[: _WORKERS * 4])
        for _ in range(2):
            start = time.perf_counter()
            pool.map(decode, files, chunksize=max(1, count // (_WORKERS * 16)))
            rates["decoding alone"].append(count / (time.perf_counter() - start))
            for device, space in spaces.items():
                rates[f"rescan, {device}"].append(rescan_rate(space, count))
    for what, values in rates.items():
        print(
            f"{name}, {_WORKERS} workers: {what}: {', '.join(f'{value:,.0f}' for value in values)} pictures/s"
        )


def _inbox(home: Path, pictures: list[Path], count: int, device: Device) -> Workspace:
    space = Workspace(home).set_up(threads=_WORKERS, threshold={"score": 1e9}, device=device)
    for number in range(count):
        os.link(pictures[number % len(pictures)], space.inbox / f"{number:05}.jpg")
    return space


if __name__ == "__main__":
    sys.exit(main())
