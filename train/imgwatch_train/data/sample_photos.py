"""Crops of the sample photos in the wheels of scikit-image and scikit-learn, which are free to use.

Their authors are credited in `daemon/imgwatch/backbone/NOTICE`. It needs the extra demo, and imports neither wheel.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

# Photos of things, and of surfaces: a surface needs fewer crops.
PHOTOS = (
    "skimage/data/astronaut.png",
    "skimage/data/chelsea.png",
    "skimage/data/coffee.png",
    "skimage/data/rocket.jpg",
    "skimage/data/motorcycle_left.png",
    "skimage/data/camera.png",
    "sklearn/datasets/images/china.jpg",
    "sklearn/datasets/images/flower.jpg",
)
SURFACES = ("skimage/data/brick.png", "skimage/data/grass.png", "skimage/data/gravel.png")
_SMALLEST = 0.35  # of the photo's shorter side


def crops(of_photo: int, of_surface: int, seed: int) -> Iterator[tuple[str, Image.Image]]:
    """Yield so many crops of each photo and each surface, with a name for each."""
    rng = np.random.default_rng(seed)
    for names, count in ((PHOTOS, of_photo), (SURFACES, of_surface)):
        for name in names:
            photo = Image.open(_installed(name)).convert("RGB")
            for number in range(count):
                yield f"{Path(name).stem}-{number:02}", _crop(photo, rng)


def _crop(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = min(photo.size) * rng.uniform(_SMALLEST, 1.0)
    stretch = np.sqrt(rng.uniform(0.7, 1.4))
    width, height = (
        int(min(whole, part))
        for whole, part in zip(photo.size, (side * stretch, side / stretch), strict=True)
    )
    x, y = int(rng.integers(0, photo.width - width + 1)), int(rng.integers(0, photo.height - height + 1))
    return photo.crop((x, y, x + width, y + height))


def _installed(name: str) -> Path:
    """Return a file in an installed package, without importing that."""
    package, _, inside = name.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "pip install imgwatch[demo] first: the sample photos lie in the wheels that it brings"
        )
    return Path(spec.submodule_search_locations[0]) / inside
