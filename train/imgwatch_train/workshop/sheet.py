"""The material of a template: words, photographs, colours, fonts, emoji, all from one seed. It writes HTML.

A template is a module in `templates/KIND/` with a function `draw(sheet) -> Page`.
"""

from __future__ import annotations

import html
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch_train.workshop.words import Language

SANS = ("Roboto", "Inter", "Open Sans", "Lato", "Cantarell", "Liberation Sans", "Noto Sans", "DejaVu Sans")
SERIF = ("Liberation Serif", "Noto Serif", "Roboto Slab", "DejaVu Serif")
MONO = ("JetBrains Mono", "DejaVu Sans Mono", "Courier Prime", "Liberation Mono", "OCRB")
SHOUTING = ("Bebas Neue", "League Spartan", "Lato Black", "Inter Display Black", "Open Sans Condensed")
SCRIPT = (
    "Lobster",
    "Lobster Two",
    "Dancing Script",
    "Kaushan Script",
    "Leckerli One",
    "Kristi",
    "Comic Neue",
)
HANDWRITING = ("Breip", "femkeklaver", "Klee", "Kristi", "Dancing Script", "Comic Neue")
FALLBACK = "Noto Sans,Noto Sans CJK SC,Noto Color Emoji"
EMOJI = tuple("😂🤣😍🥰😊🙏🌹🌸💐🌺🌻🎉🎂🎁🪔✨⭐🔥❤💕💖💛🧡🌈☀🌙🍀🦋🐶🐱😎😭👍👏💯🎈🍫☕🌷🐦🎄🎅🥳😱🤔🙈💔")
FESTIVE = tuple("🌹🌸💐🌺🌻🎂🎁🪔✨⭐❤💕💖💛🌈☀🌙🍀🦋🎈☕🌷🐦🎄🕊")


@dataclass(frozen=True)
class Page:
    """A page to print, in CSS pixels; an empty foot of the page is cut off."""

    width: int
    height: int
    html: str


class Sheet:
    """A sheet of paper with its own seed, language and photographs."""

    def __init__(self, seed: str, photos: Sequence[Path]) -> None:
        self.rng = random.Random(seed)
        self.language = Language(self.rng)
        self._photos = [self.rng.choice(photos) for _ in range(6)]
        self.source = self._photos[0]  # the photograph that a picture belongs to, when sets are divided

    def text(self, fewest: int, most: int | None = None, *, upper: bool = False) -> str:
        """Return `fewest` to `most` words, escaped."""
        words = self.language.words(self.rng.randint(fewest, most or fewest))
        return html.escape(words.upper() if upper else words[:1].upper() + words[1:])

    def photo(self, *, main: bool = False) -> str:
        """Return the URL of a photograph."""
        return (self.source if main else self.rng.choice(self._photos)).absolute().as_uri()

    def picture(self, style: str, *, main: bool = False, fit: str = "cover") -> str:
        """Return a box that a photograph fills."""
        return (
            f"<div style=\"background:url('{self.photo(main=main)}') center/{fit} no-repeat;{style}\"></div>"
        )

    def font(self, *families: str) -> str:
        """Return a font-family value: one of these, or of the plain ones."""
        return f"'{self.rng.choice(families or SANS)}',{FALLBACK}"

    def colour(self, low: int = 15, high: int = 90, least: int = 20) -> str:
        """Return a colour of this lightness (per cent) and at least this saturation."""
        rng = self.rng
        return f"hsl({rng.randint(0, 359)},{rng.randint(least, 95)}%,{rng.randint(low, high)}%)"

    def pale(self) -> str:
        """Return white, or nearly."""
        return self.rng.choice(("#fff", "#fff", "#fafafa", "#f2f2f7", "#fffdf5", "#f0f4f8", "#ece5dd"))

    def gradient(self) -> str:
        """Return a gradient of two or three colours."""
        stops = ",".join(self.colour(20, 90) for _ in range(self.rng.choice((2, 2, 3))))
        shape = self.rng.choice((f"linear-gradient({self.rng.randint(0, 359)}deg,", "radial-gradient("))
        return f"{shape}{stops})"

    def lines(self, count: int, style: str = "", fewest: int = 2, most: int = 8) -> str:
        """Return lines of words."""
        return "".join(f"<div style='{style}'>{self.text(fewest, most)}</div>" for _ in range(count))

    def scatter(self, count: int, smallest: int, largest: int, signs: Sequence[str] = EMOJI) -> str:
        """Return signs strewn over the whole page."""
        rng = self.rng
        return "".join(
            f"<div style='position:absolute;left:{rng.randint(-4, 98)}%;top:{rng.randint(-4, 98)}%;"
            f"font-size:{rng.randint(smallest, largest)}px;transform:rotate({rng.randint(-40, 40)}deg)'>{rng.choice(signs)}</div>"
            for _ in range(count)
        )

    def money(self) -> str:
        """Return an amount."""
        rng = self.rng
        amount = f"{rng.choice((rng.randint(1, 99), rng.randint(1, 2999)))}{rng.choice('.,')}{rng.choice(('99', '00', f'{rng.randint(0, 99):02d}'))}"
        sign = rng.choice(("$", "€", "£", "₹", "¥", "zł", "kr", "₽"))
        return f"{sign}{amount}" if rng.random() < 0.6 else f"{amount} {sign}"

    def page(self, width: int, height: int, inside: str, style: str = "") -> Page:
        """Return a page with this inside."""
        direction = "rtl" if self.language.is_right_to_left else "ltr"
        box = (
            f'<div dir={direction} style="position:relative;width:{width}px;height:{height}px;overflow:hidden;'
            f'box-sizing:border-box;background:#fff;color:#111;font-family:{FALLBACK};{style}">{inside}</div>'
        )
        return Page(width, height, box)
