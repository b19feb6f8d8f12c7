"""Words, colours and lines of text for pseudo-junk. It knows nothing about pictures or kinds of junk."""

from functools import cache

import numpy as np
from PIL import ImageDraw, ImageFont

Rng = np.random.Generator
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

_TEXT = """
a account again all and any are at bank be bill birthday blessed bonus buy by call card cash change cheap city click
code coffee confirm day dear delivery discount do each email enjoy every family find for forward free friend friends
from get go good great happy have heart help here hope hot hour how if in invoice is it item join just know last left
life like limited link login love luck mail make many menu message milk money morning more my name never new news next
night no not now number of off offer on one only open or order our out password pay peace people phone photo please
price prize pro question reply room sale save see send settings share shop sleep smile so some soon special start stock
store street subtotal sunday sure table take tax thank that the there they this time to today tomorrow total update
up us very visit wait want warm was we week welcome what when who win wish with work world year yes you your
"""
_WORDS = _TEXT.split()
_SHORTEST_PIXELS = 5


def draw_lines(  # noqa: PLR0913 - one call draws one block of text, and a block has this many properties
    draw: ImageDraw.ImageDraw,
    rng: Rng,
    box: Box,
    size: float,
    fill: Colour,
    outline: int = 0,
    outline_fill: Colour | None = None,
    centred: bool = False,
    filled: float = 1.0,
) -> None:
    """Fill a box (left, top, right, bottom; pixels) with lines of random words, `size` pixels high."""
    left, y, right, bottom = box
    letter = max(1.0, 0.52 * size)
    while y + size < bottom:
        length = (right - left) / letter * filled * (rng.uniform(0.4, 1) if rng.random() < 0.4 else 1)
        text = _words(rng, max(1, int(length) // 5))[: max(2, int(length))]
        x = left + (right - left - len(text) * letter) / 2 * centred
        draw.text(
            (x, y), text, font=_font(int(size)), fill=fill, stroke_width=outline, stroke_fill=outline_fill
        )
        y += size * rng.uniform(1.15, 1.5) + (size if rng.random() < 0.12 else 0)


def any_colour(rng: Rng, tone: str = "") -> Colour:
    """Return a random colour: "light", "dark", or by default one of light, dark and (twice as often) any."""
    tone = tone or str(rng.choice(["light", "dark", "any", "any"]))
    low, high = {"light": (225, 256), "dark": (0, 50)}.get(tone, (0, 256))
    red, green, blue = rng.integers(low, high, 3).tolist()
    return red, green, blue


def contrasting(rng: Rng, ground: Colour) -> Colour:
    """Return a random colour that is legible on this ground."""
    for _ in range(9):
        colour = any_colour(rng)
        if abs(_luma(colour) - _luma(ground)) > 80:
            return colour
    return (0, 0, 0) if _luma(ground) > 128 else (255, 255, 255)


def _luma(colour: Colour) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _words(rng: Rng, count: int) -> str:
    text = " ".join(
        str(rng.choice(_WORDS)) if rng.random() < 0.8 else f"{rng.uniform(0, 1000):.2f}" for _ in range(count)
    )
    way = rng.random()
    return text.upper() if way < 0.35 else text.title() if way < 0.55 else text


@cache
def _font(pixels: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(_SHORTEST_PIXELS, pixels))
