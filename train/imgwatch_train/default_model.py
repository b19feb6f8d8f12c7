"""Train the general model that ships: `python -m imgwatch_train.default_model --wardrobe DIR --out FILE`.

Its pictures may be used by anybody: a folder of CC0 photos of clothes, and crops of the sample photos in the
wheels of scikit-image and scikit-learn, credited in `daemon/imgwatch/backbone/NOTICE`. It knows junk, and
nobody's own pictures: what it would say of neighbours stays silent until `imgwatch calibrate`.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.console import progress as progress_bar
from imgwatch.settings import ThresholdRule, TrainSettings
from imgwatch_train.job import Job
from imgwatch_train.perceptual import train_perceptual

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
FALSE_ALARMS = 0.005  # of pictures like those it was trained on; other folders differ, so it is set low
SEED = 7
_CROPS = {PHOTOS: 40, SURFACES: 8}
_SMALLEST = 0.35  # of the photo's shorter side


def write_crops(folder: Path, seed: int) -> None:
    """Write crops of the sample photos as PNG files into a folder."""
    rng = np.random.default_rng(seed)
    for names, count in _CROPS.items():
        for name in names:
            photo = Image.open(_installed(name)).convert("RGB")
            for number in range(count):
                _crop(photo, rng).save(folder / f"{Path(name).stem}-{number:02}.png")


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
    """Find a file in an installed package without importing it."""
    package, _, inside = name.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "pip install imgwatch[demo] first: the sample photos lie in the wheels that it brings"
        )
    return Path(spec.submodule_search_locations[0]) / inside


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardrobe", type=Path, required=True, help="a folder of CC0 photos of clothes")
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as crops, progress_bar() as progress:
        write_crops(Path(crops), SEED)
        job = Job(
            folders=(told.wardrobe.absolute(), Path(crops)),
            settings=TrainSettings(seed=SEED),
            out=told.out.absolute(),
            threshold=ThresholdRule(false_alarms=FALSE_ALARMS),
            fresh=True,
        )
        train_perceptual(job, progress, is_generic=True)


if __name__ == "__main__":
    main()
