"""Different pictures that are alike: with one part of another colour, other words, or only parallel edges in common."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from imgwatch.duplicates.agreement import View
from imgwatch.duplicates.alignment import Fit, fit


def pattern(seed: int = 1) -> Image.Image:
    """Return a picture with edges in all directions."""
    dice = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(dice.integers(0, 255, (cells, cells, 3), dtype=np.uint8)).resize((240, 180))
        )
        for cells in (4, 9, 17)
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def stripes(seed: int, post: int | None = None) -> Image.Image:
    """Return level boards in the upper part, and below them grain that no two pictures share; `post`: from the left."""
    grey = np.random.default_rng(seed).normal(60, 4, (180, 240))
    for top in (20, 50):
        grey[top : top + 14] += 90
    if post is not None:
        grey[20:64, post : post + 8] -= 110
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")


def with_words(image: Image.Image, *lines: str) -> Image.Image:
    made = image.copy()
    draw, font = ImageDraw.Draw(made), ImageFont.load_default(20)
    for top, words in zip((6, 150), lines, strict=True):
        draw.text((8, top), words, "white", font, stroke_width=2, stroke_fill="black")
    return made


def with_another_colour(image: Image.Image) -> Image.Image:
    """Recolour a twelfth of a picture, as light and dark as it was."""
    pixels = np.asarray(image.convert("YCbCr")).copy()
    pixels[30:90, 60:120, 2] = 220
    return Image.fromarray(pixels, "YCbCr").convert("RGB")


def laid(one: Image.Image, other: Image.Image) -> Fit:
    return fit(*([_small(image)] for image in (one, other)))


def _small(image: Image.Image) -> View:
    return np.asarray(image.resize((96, 72), Image.Resampling.BOX).convert("YCbCr"))


def test_a_part_of_another_colour_makes_another_picture() -> None:
    assert laid(pattern(), pattern()).is_copy
    assert not laid(pattern(), with_another_colour(pattern())).is_copy


def test_a_caption_makes_a_copy_and_another_caption_another_picture() -> None:
    one = with_words(pattern(), "ONE DOES NOT", "SIMPLY WALK")
    other = with_words(pattern(), "WHEN NOBODY", "TOLD YOU SO")
    assert laid(pattern(), one).is_copy
    assert laid(one, pattern()).is_copy
    assert not laid(one, other).is_copy


@pytest.mark.parametrize("post", [None, 60])
def test_a_few_parallel_edges_are_in_many_pictures(post: int | None) -> None:
    assert not laid(stripes(1, post), stripes(2, post)).is_copy


def test_one_picture_in_two_frames_with_other_things_in_them() -> None:
    """Two memes with one picture beside other words, two chats with one photograph."""
    one, other = (framed(pattern(), words) for words in ("ONE DOES\nNOT\nSIMPLY", "WHEN\nNOBODY\nTOLD YOU"))
    beside = [[_small(image), _small(pattern())] for image in (one, other)]
    assert fit(beside[0], [_small(pattern())]).is_copy
    assert not fit(*beside).is_copy


def framed(image: Image.Image, words: str) -> Image.Image:
    made = Image.new("RGB", (480, 360), "white")
    made.paste(image, (240, 90))
    ImageDraw.Draw(made).multiline_text((8, 100), words, "black", ImageFont.load_default(44))
    return made
