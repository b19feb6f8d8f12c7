"""How many copies are found, how many strangers are taken for copies, how often the original is the one that is kept.

    .venv/bin/python benchmarks/duplicates.py PICTURES [--most 200] [--half report|tune] [--skip 0]
    .venv/bin/python benchmarks/duplicates.py PICTURES --pairs [--half report|tune|all] [--without robot]
    .venv/bin/python benchmarks/duplicates.py PICTURES --memes [--most 200] [--half report|tune] [--skip 0]

Copies are made of some pictures: saved again, scaled, cropped, captioned, screenshotted. Each is compared as the daemon
compares it, with the nearest of all pictures: of that half with `--half tune`, by which thresholds are chosen, and of
both otherwise. `--pairs` takes no copies, and lists which different pictures are taken for copies of one another.
`--memes` makes two memes of each picture, with other words, and counts how many are taken for copies of each other.
`--cache FILE` keeps what the pictures are known by; it is of no use when that has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.duplicates.alignment import Fit, fit
from imgwatch.duplicates.nearest import Nearest
from imgwatch.duplicates.ranking import Traits, original
from imgwatch.duplicates.signature import LOOK_SIDE, Signature, signature_of
from imgwatch.model.scorer import Scorer
from imgwatch.picture.header import Origin

LEAST_SIDE = 100  # pixels; less is an icon
LEAST_SIDE_OF_COPIED = 160


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Return a picture as it is after it was saved at this quality."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def scaled(image: Image.Image, share: float) -> Image.Image:
    """Return a picture with sides of this share."""
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))))


def cropped(image: Image.Image, dice: random.Random) -> Image.Image:
    """Return a picture of which a fifth of each side is cut off, somewhere."""
    width, height = round(image.width * 0.8), round(image.height * 0.8)
    left, top = dice.randint(0, image.width - width), dice.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def captioned(image: Image.Image, dice: random.Random) -> Image.Image:
    """Return a picture with words above it on white, or across it."""
    font = ImageFont.load_default(max(12, image.width // 12))
    words = dice.choice(("when it is monday again", "GOOD MORNING ALL", "look what we saw today"))
    if dice.random() < 0.5:
        bar = image.width // 6
        made = Image.new("RGB", (image.width, image.height + bar), "white")
        made.paste(image, (0, bar))
        ImageDraw.Draw(made).text((8, bar // 4), words, "black", font)
        return made
    made = image.copy()
    ImageDraw.Draw(made).text(
        (image.width // 20, image.height * 4 // 5), words, "white", font, stroke_width=2, stroke_fill="black"
    )
    return made


_WORDS = (
    "one does not simply walk into the kitchen when you realise nobody told me about this meeting again monday "
    "mornings be like coffee first then we talk i should buy a boat"
)


def meme(image: Image.Image, dice: random.Random) -> Image.Image:
    """Return a picture with large words across its upper and lower part."""
    made, font = image.copy(), ImageFont.load_default(max(12, image.width // 11))
    draw = ImageDraw.Draw(made)
    for top in (0.03, 0.83):
        words = " ".join(dice.sample(_WORDS.split(), 4)).upper()
        left = (image.width - draw.textlength(words, font)) / 2
        draw.text((left, image.height * top), words, "white", font, stroke_width=2, stroke_fill="black")
    return made


def screenshotted(image: Image.Image, dice: random.Random) -> Image.Image:
    """Return a phone's screen that shows a picture between bars, with a line of status above and buttons below."""
    ground, ink = dice.choice((("black", "white"), ("white", "black")))
    width, height = 540, 1170
    screen = Image.new("RGB", (width, height), ground)
    scale = min(width / image.width, (height - 260) / image.height)
    shown = image.resize((round(image.width * scale), round(image.height * scale)))
    screen.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    draw = ImageDraw.Draw(screen)
    draw.text((30, 20), "9:41", ink, ImageFont.load_default(28))
    for number in range(4):
        draw.ellipse((70 + 120 * number, height - 90, 110 + 120 * number, height - 50), outline=ink, width=3)
    return screen


def copies(image: Image.Image, seed: int) -> dict[str, Image.Image]:
    """Return the copies of a picture by what was done to it."""
    dice = random.Random(seed)
    return {
        "saved at 90": jpeg(image, 90),
        "saved at 40": jpeg(image, 40),
        "scaled to 25 %": jpeg(scaled(image, 0.25), 75),
        "cropped by 20 %": jpeg(cropped(image, dice), 75),
        "captioned": jpeg(captioned(image, dice), 75),
        "screenshotted": screenshotted(image, dice),
    }


def look(image: Image.Image, scorer: Scorer) -> Signature:
    """Return the signature of a picture, made as the daemon makes it."""
    image = image.copy()
    image.thumbnail((LOOK_SIDE, LOOK_SIDE))
    return signature_of(np.asarray(image), scorer)


class Picture(NamedTuple):
    """A picture of the folder, and whether thresholds may be chosen by it."""

    path: Path
    is_for_tuning: bool

    def opened(self) -> Image.Image:
        """Return its pixels in colour."""
        with Image.open(self.path) as image:
            return image.convert("RGB")


def pictures(folder: Path) -> list[Picture]:
    """Return the pictures of a folder tree, mixed; each content once, and none that is tiny or broken."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    random.Random(0).shuffle(paths)
    distinct, seen = [], set()
    for number, path in enumerate(paths):
        picture = Picture(path, number % 2 == 0)
        try:
            image = picture.opened()
        except (OSError, SyntaxError, ValueError):
            continue
        digest = hashlib.sha256(image.tobytes()).digest()
        if min(image.size) >= LEAST_SIDE and digest not in seen:
            seen.add(digest)
            distinct.append(picture)
    return distinct


class Index:
    """The pictures that copies are compared with, and the nearest of them."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.signatures = signatures
        self._nearest = Nearest()
        self._nearest.add(list(range(len(signatures))), [each.vectors for each in signatures])

    def nearest(self, signature: Signature, but: int = -1) -> list[int]:
        """Return which pictures the daemon would compare with this one."""
        return self._nearest.of(signature.vectors, but)

    def fit(self, signature: Signature, number: int) -> Fit | None:
        """Return how two pictures fit if the daemon would take them for copies."""
        laid = fit(signature.views, self.signatures[number].views)
        return laid if laid.is_copy else None


def index_of(some: Sequence[Picture], scorer: Scorer, cache: Path | None) -> Index:
    """Return the index of pictures, out of the cache where that has them."""
    known: dict[Path, Signature] = pickle.loads(cache.read_bytes()) if cache and cache.exists() else {}
    unknown = [picture for picture in some if picture.path not in known]
    known |= {picture.path: look(picture.opened(), scorer) for picture in unknown}
    if cache and unknown:
        cache.write_bytes(pickle.dumps(known))
    return Index([known[picture.path] for picture in some])


def traits(image: Image.Image, quality: int | None) -> Traits:
    """Return what a picture is ranked by, saved as JPEG of this quality; None: as PNG. No copy has a camera's EXIF."""
    stream = io.BytesIO()
    image.save(
        stream, "PNG" if quality is None else "JPEG", **({} if quality is None else {"quality": quality})
    )
    with Image.open(stream) as opened:
        steps = [step for table in getattr(opened, "quantization", {}).values() for step in table]
    small = image.copy()
    small.thumbnail((LOOK_SIDE, LOOK_SIDE))
    origin = Origin(*image.size, False, sum(steps) / len(steps) if steps else 0.0)
    return Traits.of(np.asarray(small), origin)


QUALITY = {"saved at 90": 90, "saved at 40": 40, "screenshotted": None}


def interval(count: int, of: int) -> str:
    """Return the Wilson interval of a share, at 95 %, in percent."""
    share, z = count / of, 1.96
    middle, spread = share + z**2 / (2 * of), z * ((share * (1 - share) + z**2 / (4 * of)) / of) ** 0.5
    low, high = ((middle + sign * spread) / (1 + z**2 / of) for sign in (-1, 1))
    return f"{100 * max(low, 0):.1f}-{100 * min(high, 1):.1f} %"


def report_copies(index: Index, chosen: dict[int, Picture], scorer: Scorer) -> None:
    """Print a table of the copies of the chosen pictures, by their number in the index."""
    caught: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for number, picture in chosen.items():
        image = picture.opened()
        mine = traits(image, 95)
        for name, copy in copies(image, number).items():
            signature = look(copy, scorer)
            laid = index.fit(signature, number) if number in index.nearest(signature) else None
            if laid is None:
                print(f"missed: {name}: {picture.path}")
                continue
            ranked = original(traits(copy, QUALITY.get(name, 75)), mine, laid)
            caught[name] += 1
            if ranked is None or not ranked[0]:
                kept[name] += 1
            else:
                print(f"taken for the original, as it is {ranked[1]}: {name}: {picture.path}")
    count = len(chosen)
    print("| copy | found | original kept |\n|---|---|---|")
    for name in caught:
        print(f"| {name} | {caught[name]} of {count} | {kept[name]} of {caught[name]} |")
    recognised, right, made = caught.total(), kept.total(), count * len(caught)
    print(
        f"| all | {recognised} of {made} ({interval(recognised, made)}) "
        f"| {right} of {recognised} ({interval(right, recognised)}) |"
    )


def report_memes(some: Sequence[Picture], scorer: Scorer) -> None:
    """Print of how many pictures two memes with other words are taken for copies of each other."""
    taken = 0
    for number, picture in enumerate(some):
        image, dice = picture.opened(), random.Random(number)
        first, second = (look(jpeg(meme(image, dice), 80), scorer) for _ in range(2))
        taken += fit(first.views, second.views).is_copy
    share = interval(taken, len(some))
    print(f"{taken} of {len(some)} pairs of memes on one picture were taken for copies ({share})")


def report_pairs(index: Index, some: Sequence[Picture]) -> None:
    """Print which different pictures are taken for copies, the most alike first."""
    compared = {
        (min(number, other), max(number, other))
        for number, signature in enumerate(index.signatures)
        for other in index.nearest(signature, but=number)
    }
    fits = {(first, second): index.fit(index.signatures[first], second) for first, second in sorted(compared)}
    pairs = {pair: laid for pair, laid in fits.items() if laid is not None}
    for (first, second), laid in sorted(pairs.items(), key=lambda each: -each[1].likeness):
        print(f"{laid.likeness:.2f} {laid.share:.2f} {laid.around} {some[first].path} {some[second].path}")
    print(
        f"{len(pairs)} pairs among {len(some)} pictures were taken for copies; {len(compared)} pairs were compared"
    )


def main() -> None:
    """Measure and print what docs/duplicates.md has."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--most", type=int, default=200)
    arguments.add_argument("--half", choices=("report", "tune", "all"), default="report")
    arguments.add_argument("--skip", type=int, default=0, help="pictures of the half that are left out")
    arguments.add_argument(
        "--pairs", action="store_true", help="different pictures that are taken for copies"
    )
    arguments.add_argument("--memes", action="store_true", help="two memes on each picture, with other words")
    arguments.add_argument("--without", nargs="*", default=[], help="names of folders that are left out")
    arguments.add_argument("--cache", type=Path)
    options = arguments.parse_args()
    scorer = Scorer(DEFAULT_MODEL)
    halves = {"tune": (True,), "report": (False,), "all": (True, False)}[options.half]
    listed = [
        picture for picture in pictures(options.folder) if not {*options.without} & {*picture.path.parts}
    ]
    half = [picture for picture in listed if picture.is_for_tuning in halves]
    if options.pairs:
        report_pairs(index_of(half, scorer, options.cache), half)
        return
    compared = half if options.half == "tune" else listed
    large = [picture for picture in half if min(picture.opened().size) >= LEAST_SIDE_OF_COPIED]
    originals = large[options.skip : options.skip + options.most]
    if options.memes:
        report_memes(originals, scorer)
        return
    numbers = {picture: number for number, picture in enumerate(compared)}
    chosen = {numbers[picture]: picture for picture in originals}
    report_copies(index_of(compared, scorer, options.cache), chosen, scorer)


if __name__ == "__main__":
    main()
