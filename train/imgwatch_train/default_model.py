"""Train the general model that ships: `python -m imgwatch_train.default_model --wardrobe DIR --out FILE`.

Its pictures may be used by anybody: a folder of CC0 photos of clothes, and crops of the sample photos in the
wheels of scikit-image and scikit-learn, credited in `daemon/imgwatch/backbone/NOTICE`. It knows junk, and
nobody's own pictures: what it would say of neighbours stays silent until `imgwatch calibrate`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from imgwatch.console import progress as progress_bar
from imgwatch.settings import ThresholdRule, TrainSettings
from imgwatch_train.data.sample_photos import crops
from imgwatch_train.job import Job
from imgwatch_train.perceptual.recipe import train_perceptual

FALSE_ALARMS = 0.005  # of pictures like those it was trained on; other folders differ, so it is set low
SEED = 7
_CROPS, _OF_SURFACES = 40, 8


def write_crops(folder: Path, seed: int) -> None:
    """Write crops of the sample photos as PNG files into a folder."""
    for name, crop in crops(_CROPS, _OF_SURFACES, seed):
        crop.save(folder / f"{name}.png")


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardrobe", type=Path, required=True, help="a folder of CC0 photos of clothes")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as crops, progress_bar() as progress:
        write_crops(Path(crops), SEED)
        job = Job(
            folders=(arguments.wardrobe.absolute(), Path(crops)),
            settings=TrainSettings(seed=SEED),
            out=arguments.out.absolute(),
            threshold=ThresholdRule(false_alarms=FALSE_ALARMS),
            fresh=True,
        )
        train_perceptual(job, progress, is_generic=True)


if __name__ == "__main__":
    main()
