"""Small pictures between the lines of a command, in terminals that can show them, decoded by the guarded workers.

textual-image draws them by what the terminal supports: sixel, kitty's protocol, or blocks of colour.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.errors import UsageError
from imgwatch.extras import require_extra

if TYPE_CHECKING:
    from imgwatch.settings import Settings

ThumbnailsOption = Annotated[
    bool,
    typer.Option(
        "--thumbnails", help="Show the pictures, in a terminal that supports sixel or kitty graphics."
    ),
]
_SIDE = 256  # pixels that are decoded
_COLUMNS = 24  # of the terminal


@contextmanager
def thumbnails(settings: Settings) -> Iterator[Callable[[Path], None]]:
    """Yield a function that draws the picture at a path. Raises UsageError without a terminal, Unavailable."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and os.get_terminal_size().columns):
        raise UsageError("--thumbnails needs a terminal: leave it out")
    require_extra("thumbnails")
    from textual_image.renderable import Image  # asks the terminal what it can do

    from imgwatch.explain import as_image
    from imgwatch.picture.decoder import Decoder
    from imgwatch.picture.decoding import Box, Decoded, Shape

    with Decoder(Shape(8, 8, "RGB"), settings.limits.limits()) as decoder:

        def draw(path: Path) -> None:
            outcome = decoder.look_at(path, Box(_SIDE))
            if isinstance(outcome, Decoded):
                console.draw(Image(as_image(outcome.pixels), width=_COLUMNS, height="auto"))
            else:
                console.say(f"  (cannot be shown: {outcome})")

        yield draw
