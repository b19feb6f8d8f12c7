"""How many copies are found, how many strangers are taken for copies, how often the original is the one that is kept.

    .venv/bin/python benchmarks/duplicates.py PICTURES [--most 200] [--half report|tune]

Copies are made of each picture: saved again, scaled, cropped, captioned, screenshotted. Thresholds are chosen with
`--half tune`, which takes every other picture; the figures in docs/duplicates.md are of the other half.
"""

from __future__ import annotations

import argparse
import io
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from imgwatch.commands.context import DEFAULT_MODEL
from imgwatch.duplicates.alignment import Fit, fit
from imgwatch.duplicates.finder import LEAST_COSINE, LEAST_LIKENESS, MOST_COMPARED
from imgwatch.duplicates.ranking import Traits, original
from imgwatch.duplicates.signature import LOOK_SIDE, Signature, signature_of
from imgwatch.model.scorer import Scorer
from imgwatch.picture.header import Origin


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


def pictures(folder: Path, most: int, half: str) -> list[Image.Image]:
    """Return pictures of a folder tree, mixed, of the half that is asked for; each content once."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    random.Random(0).shuffle(paths)
    images, seen = [], set()
    for path in paths[half == "report" :: 2]:
        try:
            image = Image.open(path).convert("RGB")
        except (OSError, SyntaxError, ValueError):
            continue
        if min(image.size) >= 160 and image.tobytes() not in seen:
            seen.add(image.tobytes())
            images.append(image)
        if len(images) == most:
            break
    return images


def is_copy(one: Signature, other: Signature) -> Fit | None:
    """Return how two pictures fit if the daemon would take them for copies; it compares only the nearest few."""
    laid = fit(one.grey, other.grey)
    return laid if laid.likeness >= LEAST_LIKENESS else None


def nearest(signature: Signature, known: Sequence[Signature]) -> list[int]:
    """Return which pictures the daemon would compare with this one."""
    near = np.array([(each.vectors @ signature.vectors.T).max() for each in known])
    return [int(row) for row in np.argsort(-near)[:MOST_COMPARED] if near[row] >= LEAST_COSINE]


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


def main() -> None:
    """Measure and print a table for docs/duplicates.md."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--most", type=int, default=200)
    arguments.add_argument("--half", choices=("report", "tune"), default="report")
    arguments.add_argument("--skip", type=int, default=0, help="pictures of the half that are left out")
    asked = arguments.parse_args()
    scorer = Scorer(DEFAULT_MODEL)
    images = pictures(asked.folder, asked.skip + asked.most, asked.half)[asked.skip :]
    known = [look(image, scorer) for image in images]
    caught: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for number, image in enumerate(images):
        mine = traits(image, 95)
        for name, copy in copies(image, number).items():
            signature = look(copy, scorer)
            laid = is_copy(signature, known[number]) if number in nearest(signature, known) else None
            if laid is not None:
                ranked = original(traits(copy, QUALITY.get(name, 75)), mine, laid)
                caught[name] += 1
                kept[name] += ranked is None or not ranked[0]
    pairs = {
        tuple(sorted((number, other)))
        for number, each in enumerate(known)
        for other in nearest(each, known)
        if other != number and is_copy(each, known[other]) is not None
    }
    print("| copy | found | original kept |\n|---|---|---|")
    for name in copies(images[0], 0):
        print(f"| {name} | {caught[name]} of {len(images)} | {kept[name]} of {caught[name]} |")
    print(
        f"\n{len(pairs)} pairs of different pictures among {len(images)} were taken for copies: {sorted(pairs)}"
    )


if __name__ == "__main__":
    main()
