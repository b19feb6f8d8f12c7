"""Train the general model that ships: `python -m imgwatch_train.default_model --wardrobe DIR --drawn DIR --out FILE`.

Its pictures are free to use: a folder of CC0 photos of clothes, crops of the sample photos in the
wheels of scikit-image and scikit-learn, credited in `daemon/imgwatch/backbone/NOTICE`, and the workshop's drawings
over photos like these. It knows junk, and nobody's own pictures: its neighbours do not count until
`imgwatch calibrate`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from imgwatch.batches import batched
from imgwatch.console import progress as progress_bar
from imgwatch.errors import InputMissing
from imgwatch.judgement import Kind
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Pixels
from imgwatch.progress import Progress
from imgwatch.settings import ThresholdRule, TrainSettings
from imgwatch_train.data.sample_photos import crops
from imgwatch_train.job import Job
from imgwatch_train.perceptual.features import Backbone, Features
from imgwatch_train.perceptual.general import General
from imgwatch_train.perceptual.recipe import BACKBONE, train_perceptual

FALSE_ALARMS = 0.005  # of pictures like those it was trained on; other folders differ, so it is set low
SEED = 7
_CROPS, _OF_SURFACES = 40, 8
_BLOCK = 64
_NORMAL = "normal"


def write_crops(folder: Path, seed: int) -> None:
    """Write crops of the sample photos as PNG files into a folder."""
    for name, crop in crops(_CROPS, _OF_SURFACES, seed):
        crop.save(folder / f"{name}.png")


def learn_general(photos: Sequence[Path], drawn: Path, threads: int, progress: Progress) -> General:
    """Return what the workshop's drawings, a folder per kind, teach about junk. Raises InputMissing."""
    backbone = Backbone(BACKBONE, threads)
    folders: dict[Kind, Path] = {kind: drawn / str(kind) for kind in Kind if kind is not Kind.STRANGER}
    for folder in (*folders.values(), drawn / _NORMAL):
        if not folder.is_dir():
            raise InputMissing(f"{folder}: not there; draw it with `python -m imgwatch_train.workshop`")
    junk = {
        kind: _features(sorted(folder.iterdir()), backbone, threads, progress)
        for kind, folder in folders.items()
    }
    normal = _features([*photos, *sorted((drawn / _NORMAL).iterdir())], backbone, threads, progress)
    return General.learn(normal, junk, backbone.groups[-1])


def _features(paths: Sequence[Path], backbone: Backbone, threads: int, progress: Progress) -> Features:
    def blocks(decoder: Decoder) -> Iterator[Pixels]:
        outcomes = (outcome for _, outcome in decoder.decode(paths))
        pixels = (outcome.pixels for outcome in outcomes if isinstance(outcome, Decoded))
        for number, block in enumerate(batched(pixels, _BLOCK), 1):
            progress("features", min(number * _BLOCK, len(paths)), len(paths))
            yield np.stack(block)

    with Decoder(backbone.shape, Limits(), threads) as decoder:
        parts = [backbone.features(block) for block in blocks(decoder)]
    return Features(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("statistics", "pooled"))
    )


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardrobe", type=Path, required=True, help="a folder of CC0 photos of clothes")
    parser.add_argument(
        "--drawn", type=Path, required=True, help="what `python -m imgwatch_train.workshop` wrote"
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    settings = TrainSettings(seed=SEED)
    with tempfile.TemporaryDirectory() as crops, progress_bar() as progress:
        write_crops(Path(crops), SEED)
        photos = [*sorted(options.wardrobe.iterdir()), *sorted(Path(crops).iterdir())]
        general = learn_general(photos, options.drawn, settings.workers, progress)
        job = Job(
            folders=(options.wardrobe.absolute(), Path(crops)),
            settings=settings,
            out=options.out.absolute(),
            threshold=ThresholdRule(false_alarms=FALSE_ALARMS),
            fresh=True,
        )
        train_perceptual(job, progress, general)


if __name__ == "__main__":
    main()
