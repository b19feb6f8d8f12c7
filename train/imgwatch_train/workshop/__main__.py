"""Draw junk: `python -m imgwatch_train.workshop --photos DIR --out DIR [--count N] [--kinds K ...]`.

`--contact-sheet FILE` instead of `--out` shows one picture of each template on one page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from imgwatch.console import progress as progress_bar
from imgwatch.errors import ImgwatchError, InputMissing
from imgwatch_train.workshop.drawing import Drawing, draw, known_templates, plan, write

_TILE, _COLUMNS = 150, 8  # of the contact sheet: pixels, pictures in a row


def main() -> None:
    """Draw the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photographs to draw upon")
    parser.add_argument("--out", type=Path, help="write the pictures here, in a folder for each kind")
    parser.add_argument(
        "--count", type=int, default=20_000, help="how many pictures, about (default: %(default)s)"
    )
    parser.add_argument("--kinds", nargs="*", default=(), help="only these kinds")
    parser.add_argument("--contact-sheet", type=Path, help="write a JPEG with a picture of each template")
    options = parser.parse_args()
    if not options.out and not options.contact_sheet:
        parser.error("say --out DIR or --contact-sheet FILE")
    try:
        photos = sorted(
            path
            for path in options.photos.rglob("*")
            if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}
        )
        if not photos:
            raise InputMissing(f"{options.photos}: no photographs there")
        if options.contact_sheet:
            _contact_sheet(photos, options.kinds).save(options.contact_sheet, "JPEG", quality=70)
        if options.out:
            with progress_bar() as progress:
                write(
                    plan(options.count, options.kinds),
                    photos,
                    options.out,
                    lambda done, total: progress("draw", done, total),
                )
    except ImgwatchError as fault:
        parser.exit(fault.exit_code, f"workshop: {fault}\n")


def _contact_sheet(photos: list[Path], kinds: list[str]) -> Image.Image:
    """Return one picture of each template, kind by kind."""
    drawings = [
        Drawing(kind, template, 0)
        for kind, templates in known_templates().items()
        if not kinds or kind in kinds
        for template in templates
    ]
    rows = -(-len(drawings) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE, rows * _TILE), (60, 60, 60))
    for number, (_, picture) in enumerate(draw(drawings, photos)):
        picture.thumbnail((_TILE - 6, _TILE - 6))
        sheet.paste(picture, (number % _COLUMNS * _TILE + 3, number // _COLUMNS * _TILE + 3))
    return sheet


if __name__ == "__main__":
    main()
