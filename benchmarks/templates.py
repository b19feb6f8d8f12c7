"""What the variety of the workshop's templates is worth: kinds caught and named with some of them left out.

    python benchmarks/templates.py --data ../shared/data --drawn DRAWN --photos PHOTOS [--backbone FILE] [--shares .5 1]

DRAWN is what `python -m imgwatch_train.workshop` wrote, PHOTOS the photographs that it drew upon. For each share of
the templates, and several draws of them, the head is learned anew and fitted to folders as `imgwatch calibrate` does.
It counts by the head alone, without neighbours and reconstruction. The first table has the share of each kind that
gets its name from a head that knows no folder, and from a multinomial logistic regression on the same projection. The
others have the share that is caught above the score that 1 % of a folder's unseen pictures exceed: a realised, not a
promised, 1 %. Needs the extras train and demo.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from kinds import KINDS
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from imgwatch.batches import batched
from imgwatch.calibration.head import JunkStatistics
from imgwatch.judgement import Kind
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits
from imgwatch_train.perceptual.features import Backbone, Features
from imgwatch_train.perceptual.general import General
from imgwatch_train.perceptual.recipe import BACKBONE

NAMED = {folder: kind for folder, kind in KINDS.items() if kind is not None}
SPLITS = 6
STRENGTH = 3e-4  # inverse of the penalty: the best one for templates that were left out
REALISED = 0.99  # quantile of unseen pictures
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Drawn:
    """The workshop's pictures: features, and the `kinds` and `templates` [N] that they were drawn by."""

    features: Features
    kinds: NDArray[np.str_]
    templates: NDArray[np.str_]

    def chosen(self, share: float, chance: random.Random) -> NDArray[np.bool_]:
        """Return a mask [N] of the pictures by a random share of each kind's templates."""
        kept: set[str] = set()
        for kind in sorted(set(self.kinds)):
            named = sorted(set(self.templates[self.kinds == kind]))
            kept.update(chance.sample(named, max(1, round(share * len(named)))))
        return np.isin(self.templates, sorted(kept))


def features_of(paths: Sequence[Path], backbone: Backbone, threads: int) -> Features:
    """Return the features of pictures, in order. All must be readable."""
    rows: list[Features] = []
    with Decoder(backbone.shape, Limits(), threads) as decoder:
        pixels = (outcome.pixels for _, outcome in decoder.decode(paths) if isinstance(outcome, Decoded))
        rows.extend(backbone.features(np.stack(block)) for block in batched(pixels, 64))
    return joined(rows)


def joined(rows: Sequence[Features]) -> Features:
    """Return several features as one object."""
    return Features(
        *(np.concatenate([getattr(row, name) for row in rows]) for name in ("statistics", "pooled"))
    )


def some(features: Features, rows: NDArray[np.bool_]) -> Features:
    """Return the features of some pictures."""
    return Features(features.statistics[rows], features.pooled[rows])


def folders(data: Path) -> Iterator[tuple[str, list[Path], list[Path]]]:
    """Yield the name of a folder, the pictures to learn from, and the unseen ones."""
    everyday = data / "everyday"
    yield (
        "everyday",
        sorted((everyday / "normal_train").iterdir()),
        sorted((everyday / "normal_test").iterdir()),
    )
    wide = [*sorted((data / "irrelevant/photos").iterdir()), *sorted((data / "ham_mixed_photos").iterdir())]
    for seed in range(SPLITS):
        mixed = random.Random(seed).sample(wide, len(wide))
        known = round(0.6 * len(wide))
        yield "wide", mixed[:known], mixed[known:]


def measured(
    junk: JunkStatistics, known: Floats, unseen: Floats, shown: Mapping[str, Floats]
) -> dict[str, float]:
    """Return the share of each folder of junk that is caught at a realised 1 %."""
    head = junk.fit(known)
    threshold = np.quantile(head(unseen).max(axis=1), REALISED, method="higher")
    return {name: float((head(rows).max(axis=1) > threshold).mean()) for name, rows in shown.items()}


def named_right(junk: JunkStatistics, shown: Mapping[str, Floats]) -> dict[str, float]:
    """Return the share of each folder of junk whose likeliest kind is the right one."""
    head = junk.fit(junk.normal_mean[None])
    return {
        name: float((head(rows).argmax(axis=1) == junk.kinds.index(Kind(NAMED[name]))).mean())
        for name, rows in shown.items()
    }


def named_by_regression(
    general: General, kinds: Mapping[Kind, Features], shown: Mapping[str, Floats]
) -> dict[str, float]:
    """Return the share of each folder of junk that multinomial logistic regression gives the right name."""
    rows = np.concatenate([general.project(features) for features in kinds.values()])
    names = np.repeat([str(kind) for kind in kinds], [len(features.pooled) for features in kinds.values()])
    namer = LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced").fit(rows, names)
    return {name: float((namer.predict(rows) == NAMED[name]).mean()) for name, rows in shown.items()}


def row(share: float, label: str, results: Sequence[Mapping[str, float]]) -> str:
    """Return a line of a table: the mean over results."""
    cells = (f"{np.mean([result[name] for result in results]):.2f}" for name in NAMED)
    return f"| {share:.0%} | {label} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    options = parsed_options()
    backbone = Backbone(options.backbone, 2)
    drawn = read_drawn(options.drawn, backbone)
    photos = features_of(sorted(options.photos.iterdir()), backbone, 2)
    junk = {
        name: features_of(sorted((options.data / "junk" / name).iterdir()), backbone, 2) for name in NAMED
    }
    sets = [
        (name, features_of(known, backbone, 2), features_of(unseen, backbone, 2))
        for name, known, unseen in folders(options.data)
    ]
    names, by_regression, caught = [], [], []
    for share in options.shares:
        of_names: list[dict[str, float]] = []
        of_regression: list[dict[str, float]] = []
        of_caught: dict[str, list[dict[str, float]]] = {"everyday": [], "wide": []}
        for seed in range(options.draws if share < 1 else 1):
            general, kinds = learn_share(drawn, photos, share, seed, backbone)
            projected = {name: general.project(rows) for name, rows in junk.items()}
            of_names.append(named_right(general.junk, projected))
            of_regression.append(named_by_regression(general, kinds, projected))
            for name, known, unseen in sets:
                of_caught[name].append(
                    measured(general.junk, general.project(known), general.project(unseen), projected)
                )
        names.append(row(share, "named right", of_names))
        by_regression.append(row(share, "named right by regression", of_regression))
        caught += [row(share, f"caught, {name}", results) for name, results in of_caught.items()]
    print(f"| templates | | {' | '.join(NAMED)} |", f"|---|---|{'---|' * len(NAMED)}", sep="\n")
    print(*names, *by_regression, *caught, sep="\n")


def parsed_options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--drawn", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, default=BACKBONE)
    parser.add_argument("--shares", type=float, nargs="*", default=(0.25, 0.5, 0.75, 1.0))
    parser.add_argument("--draws", type=int, default=4)
    return parser.parse_args()


def read_drawn(folder: Path, backbone: Backbone) -> Drawn:
    """Return the drawn pictures below a folder, by kind and template."""
    paths = sorted(folder.glob("*/*.jpg"))
    return Drawn(
        features_of(paths, backbone, 2),
        np.array([path.parent.name for path in paths]),
        np.array([f"{path.parent.name}/{path.stem.rsplit('-', 1)[0]}" for path in paths]),
    )


def learn_share(
    drawn: Drawn, photos: Features, share: float, seed: int, backbone: Backbone
) -> tuple[General, dict[Kind, Features]]:
    """Learn from the photographs and a share of the templates; return that with the pictures of each kind."""
    mask = drawn.chosen(share, random.Random(seed))
    normal = joined([photos, some(drawn.features, mask & (drawn.kinds == "normal"))])
    kinds = {
        kind: some(drawn.features, mask & (drawn.kinds == str(kind)))
        for kind in Kind
        if kind is not Kind.STRANGER
    }
    return General.learn(normal, kinds, backbone.groups[-1]), kinds


if __name__ == "__main__":
    main()
