"""Generated photographs to train on: smooth scenes, each its own file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgwatch_train.runtime import prepare_tensorflow

MakePhotos = Callable[..., Path]


@pytest.fixture(scope="session")
def tensorflow() -> Iterator[None]:
    """Import TensorFlow. tf2onnx raises what it would catch, instead of copying the graph before all that it tries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF2ONNX_CATCH_ERRORS", "FALSE")
        prepare_tensorflow(seed=0, threads=2)
        yield


@pytest.fixture(scope="module", autouse=True)
def _tensorflow_where_it_is_used(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("train"):
        request.getfixturevalue("tensorflow")


def _photo(rng: np.random.Generator, size: int) -> Image.Image:
    """A sky over ground, in colours and with a horizon of its own."""
    sky, ground = rng.integers(90, 220, 3), rng.integers(20, 120, 3)
    horizon = rng.uniform(0.3, 0.7) * size
    rows = np.arange(size)[:, None, None]
    pixels = np.where(rows < horizon, sky, ground) + rng.normal(0, 6, (size, size, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def make_photos() -> MakePhotos:
    """Return what fills a folder with `count` seeded JPEG photographs."""

    def make(folder: Path, count: int, seed: int = 0, size: int = 40) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        for number in range(count):
            _photo(rng, size).save(folder / f"photo-{number:04}.jpg", quality=90)
        return folder

    return make


@pytest.fixture(scope="session")
def photos(make_photos: MakePhotos, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty photographs."""
    return make_photos(tmp_path_factory.mktemp("photos"), 50)
