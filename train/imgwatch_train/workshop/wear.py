"""What happens to a picture on its way: photographed from a screen, cropped, scaled, saved again and again."""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

_RESAMPLING = Image.Resampling.BICUBIC
_OFF_SCREEN = 0.12  # share of screenshots that are photographs of a screen
_SMALLEST, _LARGEST = 180, 512  # long side of what is written, in pixels


def wear(picture: Image.Image, kind: str, rng: random.Random) -> Image.Image:
    """Return the picture as it arrives."""
    if kind == "screenshot" and rng.random() < _OFF_SCREEN:
        picture = _off_screen(picture, rng)
    if rng.random() < 0.3:
        picture = _cropped(picture, rng)
    side = rng.randint(_SMALLEST, _LARGEST)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        picture = _saved(picture, rng.randint(35, 90))
    if max(picture.size) > side:
        picture = picture.resize(_size(picture, side), rng.choice((_RESAMPLING, Image.Resampling.BILINEAR)))
    if rng.random() < 0.1:
        picture = picture.convert("L").convert("RGB")
    return picture


def _size(picture: Image.Image, side: int) -> tuple[int, int]:
    factor = side / max(picture.size)
    return max(1, round(picture.width * factor)), max(1, round(picture.height * factor))


def _saved(picture: Image.Image, quality: int) -> Image.Image:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=quality)
    return Image.open(encoded).convert("RGB")


def _cropped(picture: Image.Image, rng: random.Random) -> Image.Image:
    width, height = picture.size
    left, top, right, bottom = (rng.choice((0, rng.uniform(0, 0.15))) for _ in range(4))
    return picture.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def _off_screen(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return a photograph of a screen that shows the picture: slanted, with moiré, glare, a dark rim."""
    width, height = picture.size
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(2.1, 7.0)
    waves = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 2 * np.pi / period)
    drift = np.sin(
        (rows * rng.uniform(-1, 1) + columns * rng.uniform(-1, 1)) * 2 * np.pi / rng.uniform(60, 200)
    )
    moire = 1 + rng.uniform(0.02, 0.12) * waves * (0.5 + 0.5 * drift)
    tint = np.array([rng.uniform(0.85, 1.05), rng.uniform(0.9, 1.05), rng.uniform(0.95, 1.15)], np.float32)
    distance = np.hypot(rows - rng.uniform(0, height), columns - rng.uniform(0, width)) / max(width, height)
    glare = rng.choice((0, 90, 160)) * np.exp(-((distance / rng.uniform(0.1, 0.4)) ** 2))
    shown = np.clip(
        np.asarray(picture, np.float32) * moire[..., None] * tint * rng.uniform(0.7, 1) + glare[..., None],
        0,
        255,
    )
    return _slanted(Image.fromarray(shown.astype(np.uint8)), rng).filter(
        ImageFilter.GaussianBlur(rng.uniform(0, 0.9))
    )


def _slanted(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return the picture seen from aside, over a plain dark or grey ground."""
    width, height = picture.size
    reach = 0.14

    def corner(x: int, y: int) -> tuple[float, float]:
        return x + width * rng.uniform(-reach, reach / 3) * (1 if x == 0 else -1), y + height * rng.uniform(
            -reach, reach / 3
        ) * (1 if y == 0 else -1)

    seen = [corner(x, y) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
    rows, wanted = [], []
    for (x, y), (u, v) in zip(((0, 0), (width, 0), (width, height), (0, height)), seen, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    solution = np.linalg.solve(np.array(rows), np.array(wanted))
    shade = rng.randint(5, 120)
    slanted = picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, tuple(solution), _RESAMPLING, fillcolor=(shade,) * 3
    )
    return ImageEnhance.Contrast(slanted).enhance(rng.uniform(0.75, 1.1))
