"""What a screenshot shows between its bars, and whether what lies around a picture is a frame or more of the scene."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imgwatch.duplicates.alignment import SIDE, Around, fit
from imgwatch.duplicates.nearest import Nearest
from imgwatch.duplicates.shown import shown_between_bars
from imgwatch.duplicates.signature import SHADE_WIDTH


def scene(width: int, height: int, seed: int = 1) -> Image.Image:
    """Return a picture with detail of all sizes."""
    dice = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (3, 7, 15, 31):
        tiles = Image.fromarray(dice.integers(0, 255, (cells, cells, 3), dtype=np.uint8))
        total += np.asarray(tiles.resize((width, height), Image.Resampling.NEAREST))
    return Image.fromarray((total / 4).astype(np.uint8))


def screen(picture: Image.Image, ground: str) -> Image.Image:
    """Return a phone's screen with a picture between bars, and a clock above."""
    shown = Image.new("RGB", (180, 390), ground)
    shown.paste(picture, ((180 - picture.width) // 2, (390 - picture.height) // 2))
    ImageDraw.Draw(shown).text((10, 6), "9:41", "grey")
    return shown


def view(image: Image.Image) -> np.ndarray:
    image = image.copy()
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image.convert("YCbCr"))


@pytest.mark.parametrize("ground", ["black", "white"])
@pytest.mark.parametrize("size", [(180, 120), (120, 240), (180, 75)])
def test_what_lies_between_bars_is_boxed(ground: str, size: tuple[int, int]) -> None:
    boxes = shown_between_bars(np.asarray(screen(scene(*size), ground)))
    left, top = (180 - size[0]) // 2, (390 - size[1]) // 2
    assert any(
        np.abs(np.subtract(box, (left, top, left + size[0], top + size[1]))).max() <= 3 for box in boxes
    )


def test_a_thing_on_a_plain_ground_is_no_picture_that_is_shown() -> None:
    image = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(image).ellipse((30, 60, 170, 240), fill="brown")
    assert shown_between_bars(np.asarray(image)) == []


def test_bars_are_a_frame_and_what_was_cut_off_is_scene() -> None:
    picture = scene(180, 240)
    framed = fit([view(screen(picture, "black"))], [view(picture)])
    cropped = fit([view(picture.crop((20, 20, 160, 220)))], [view(picture)])
    assert (framed.around, framed.is_first_smaller) == (Around.FRAME, False)
    assert (cropped.around, cropped.is_first_smaller) == (Around.SCENE, True)


def test_plain_ground_that_was_cut_off_may_be_either() -> None:
    page = Image.new("RGB", (240, 240), "white")
    page.paste(scene(120, 120), (60, 60))
    assert fit([view(page.crop((24, 24, 216, 216)))], [view(page)]).around is Around.EITHER


def test_pictures_are_near_by_embedding_or_by_shade() -> None:
    def row(*ones: int) -> np.ndarray:
        vectors = np.zeros((1, 8 + SHADE_WIDTH), np.float32)
        vectors[0, list(ones)] = 1
        return vectors

    known = Nearest()
    known.add([1, 2, 3], [row(0, 10), row(1, 11), row(2, 12)])
    assert (known.last, sorted(known.of(row(0, 11), but=0))) == (3, [1, 2])
    assert known.of(row(0, 10), but=1) == []
