"""The folders of the detection benchmark: what is normal, what is held out, what is junk, for one seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

JUNK = ("spam", "receipts", "screenshots", "memes", "memes_captioned", "greetings", "cards", "ads")
_KINDS = ("spam", "receipts", "irrelevant")
DIRTY, LOOKED = (tuple(f"{way}-{kind}" for kind in _KINDS) for way in ("dirty", "looked"))
NAMES = ("wardrobe", "photos", "mixed", "robot", *DIRTY, *LOOKED)
_DIRTY = 0.03  # of the training folder that is replaced by junk


@dataclass(frozen=True)
class Task:
    """Paths: `train` and `normal` (held out) of a folder, `junk` by kind; `paired` normal pictures for a kind.

    The last `planted` training pictures are junk that its owner recognises when it is shown.
    """

    train: list[Path]
    normal: list[Path]
    junk: dict[str, list[Path]]
    paired: dict[str, list[Path]]
    planted: int = 0


def make_task(name: str, data: Path, seed: int) -> Task:
    """Make a task from the shared pictures. What is split at random is split by the seed."""
    rng = np.random.default_rng(seed)
    junk = {kind: _pictures(data / "junk" / kind) for kind in JUNK}
    irrelevant, sharp = _pictures(data / "irrelevant/photos"), _pictures(data / "blur/voc_sharp")
    motion = _pictures(data / "blur/voc_motion")
    if name == "robot":
        test = _pictures(data / "robot/normal_test")
        return Task(_pictures(data / "robot/normal_train"), test, {**junk, "irrelevant": irrelevant}, {})
    if (
        name == "photos"
    ):  # sharp photos of anything; voc_sharp and voc_motion are pairs, and neither is trained on
        shuffled = [irrelevant[index] for index in rng.permutation(len(irrelevant))]
        return Task(shuffled[:260], shuffled[260:], {**junk, "motion": motion}, {"motion": sharp})
    if name == "mixed":
        mixed = _pictures(data / "ham_mixed_photos")
        shuffled = [mixed[index] for index in rng.permutation(len(mixed))]
        return Task(shuffled[:120], shuffled[120:], {**junk, "motion": motion}, {"motion": sharp})
    train, test = _pictures(data / "wardrobe/normal_train"), _pictures(data / "wardrobe/normal_test")
    junk |= {"irrelevant": irrelevant, "motion": motion}
    if name in DIRTY + LOOKED:
        kind = name.partition("-")[2]
        count = round(_DIRTY * len(train))
        shuffled = [junk[kind][index] for index in rng.permutation(len(junk[kind]))]
        kept = [train[index] for index in np.sort(rng.permutation(len(train))[count:])]
        planted = count if name in LOOKED else 0
        return Task(kept + shuffled[:count], test, {kind: shuffled[count:]}, {}, planted)
    return Task(train, test, junk, {})


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())
