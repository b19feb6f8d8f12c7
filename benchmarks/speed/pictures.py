"""Make pictures to measure with from the sample photographs in the wheels of scikit-image and scikit-learn.

The same seed makes the same pictures; no two are alike, so that no cache can know one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

LARGE, SMALL = (4000, 3000), (365, 274)  # 12 and 0.1 megapixels
_NAMES = ("astronaut", "chelsea", "coffee", "rocket")  # those that lie in the wheel itself


@cache
def photographs() -> tuple[Image.Image, ...]:
    """Return the sample photographs."""
    import skimage.data
    from sklearn.datasets import load_sample_images

    pictures = [getattr(skimage.data, name)() for name in _NAMES] + list(load_sample_images().images)
    return tuple(Image.fromarray(picture).convert("RGB") for picture in pictures)


def make(folder: Path, count: int, size: tuple[int, int], seed: int = 0) -> list[Path]:
    """Write `count` JPEGs of this size, if they are not there yet, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:06}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if not path.exists():
            unfinished = path.with_suffix(".part")
            view(np.random.default_rng((seed, number)), size).save(unfinished, "JPEG", quality=90)
            unfinished.rename(path)
    return paths


def view(random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Return another view of a photograph: a part of it, mirrored or not, lighter or darker, with a camera's noise."""
    photograph = photographs()[random.integers(len(photographs()))]
    share = random.uniform(0.6, 1.0)
    width, height = (round(side * share) for side in photograph.size)
    left, top = (
        int(random.integers(whole - part + 1))
        for whole, part in zip(photograph.size, (width, height), strict=True)
    )
    part = photograph.resize(size, Image.Resampling.BICUBIC, (left, top, left + width, top + height))
    if random.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lit = np.asarray(ImageEnhance.Brightness(part).enhance(random.uniform(0.8, 1.2)))
    grain = random.integers(-9, 10, (size[1], size[0], 1), dtype=np.int16)
    return Image.fromarray((lit + grain).clip(0, 255).astype(np.uint8))
