"""Plan drawings from a seed and write them: pictures by kind, and an index of how each was made."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch_train.perceptual.pseudo_junk import render
from imgwatch_train.workshop import templates
from imgwatch_train.workshop.printer import print_pages
from imgwatch_train.workshop.sheet import Page, Sheet
from imgwatch_train.workshop.wear import wear

Template = Callable[[Sheet], Page]
NORMAL = "normal"
SPOILED = {"blurred": "blur", "dark": "tone"}  # kinds that are made of a photograph's pixels
INDEX = "index.csv"
_SIDE = 224  # pixels, at which photographs are spoiled


@dataclass(frozen=True)
class Drawing:
    """A picture to make: of a kind, by a template, from a seed."""

    kind: str
    template: str
    number: int

    @property
    def seed(self) -> str:
        """The seed of all its random choices."""
        return f"{self.kind}/{self.template}/{self.number}"

    @property
    def name(self) -> str:
        """The file's path below the output folder."""
        return f"{self.kind}/{self.template}-{self.number:05d}.jpg"


def known_templates() -> dict[str, dict[str, Template]]:
    """Return the templates of each kind by their names."""
    by_kind: dict[str, dict[str, Template]] = {}
    for kind in pkgutil.iter_modules(templates.__path__):
        room = importlib.import_module(f"{templates.__name__}.{kind.name}")
        names = [module.name for module in pkgutil.iter_modules(room.__path__)]
        by_kind[kind.name] = {
            name: importlib.import_module(f"{room.__name__}.{name}").draw for name in sorted(names)
        }
    return by_kind


def plan(count: int, kinds: Sequence[str] = ()) -> list[Drawing]:
    """Return a plan of about `count` pictures: as many of each kind and template; normal ones twice."""
    chosen = {kind: list(named) for kind, named in known_templates().items()} | {
        kind: ["photo"] for kind in SPOILED
    }
    chosen = {kind: names for kind, names in chosen.items() if not kinds or kind in kinds}
    shares = {kind: 2 if kind == NORMAL else 1 for kind in chosen}
    drawings = []
    for kind, names in sorted(chosen.items()):
        of_kind = max(len(names), round(count * shares[kind] / sum(shares.values())))
        drawings += [
            Drawing(kind, names[number % len(names)], number // len(names)) for number in range(of_kind)
        ]
    return drawings


def draw(drawings: Sequence[Drawing], photos: Sequence[Path]) -> Iterator[tuple[Drawing, Image.Image]]:
    """Yield each drawing with its picture."""
    known = known_templates()
    for drawing in drawings:
        if drawing.kind in SPOILED:
            yield drawing, _spoiled(drawing, source_of(drawing, photos))
    printed = [drawing for drawing in drawings if drawing.kind not in SPOILED]
    sheets = [Sheet(drawing.seed, photos) for drawing in printed]
    pages = (
        known[drawing.kind][drawing.template](sheet) for drawing, sheet in zip(printed, sheets, strict=True)
    )
    for drawing, sheet, picture in zip(printed, sheets, print_pages(pages), strict=True):
        yield drawing, wear(picture, drawing.kind, sheet.rng)


def source_of(drawing: Drawing, photos: Sequence[Path]) -> Path:
    """Return the photograph that a drawing is based on."""
    return Sheet(drawing.seed, photos).source


def write(
    drawings: Sequence[Drawing], photos: Sequence[Path], out: Path, progress: Callable[[int, int], None]
) -> None:
    """Write all pictures below `out`, and the index; pictures of an interrupted run are not drawn again."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / INDEX).open("w", newline="") as stream:
        index = csv.writer(stream)
        index.writerow(("file", "kind", "template", "source"))
        index.writerows((d.name, d.kind, d.template, source_of(d, photos).name) for d in drawings)
    missing = [drawing for drawing in drawings if not (out / drawing.name).exists()]
    for number, (drawing, picture) in enumerate(draw(missing, photos), 1 + len(drawings) - len(missing)):
        path = out / drawing.name
        path.parent.mkdir(exist_ok=True)
        picture.save(path, "JPEG", quality=random.Random(f"{drawing.seed}/quality").randint(55, 95))
        progress(number, len(drawings))


def _spoiled(drawing: Drawing, source: Path) -> Image.Image:
    """Return a photograph blurred or drained of light."""
    pixels = np.asarray(Image.open(source).convert("RGB").resize((_SIDE, _SIDE)))
    rng = np.random.default_rng(list(drawing.seed.encode()))
    return Image.fromarray(render(pixels, SPOILED[drawing.kind], rng))
