"""Render pseudo-junk from a user's own pictures: six kinds of what usually piles up in photo folders.

It only draws. `examples` and `learning` decide which pictures are used, and what is learned from the result.
All ranges are shares of the picture's side unless a name says pixels.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from imgwatch.judgement import Kind
from imgwatch_train.perceptual.lettering import Colour, any_colour, contrasting, draw_lines

Rng = np.random.Generator
_BILINEAR, _BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC


def render(pixels: np.ndarray, kind: str, rng: Rng) -> np.ndarray:
    """Return a picture, uint8 [side, side, 3], rendered as junk of this kind, or as "harmless", in the same shape."""
    image = Image.fromarray(pixels)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(_reencoded(_RENDERERS[kind](image, rng), rng))


def _reencoded(image: Image.Image, rng: Rng) -> Image.Image:
    """Return the picture after JPEG at a random quality, so that traces of encoding betray nothing."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=int(rng.integers(55, 96)))
    return Image.open(encoded).convert("RGB")


def _caption(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a photo with words over it, as in memes and forwards: white with an outline, or on a bar."""
    image, side = image.copy(), image.width
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 3)):
        size, lines = side * rng.uniform(0.045, 0.15), rng.integers(1, 5)
        height = lines * size * 1.3
        top, margin = rng.uniform(0, max(1.0, side - height)), rng.uniform(0, 0.27) * side
        is_white = rng.random() < 0.6
        fill: Colour = (255, 255, 255) if is_white else any_colour(rng)
        if rng.random() < 0.25:
            bar = any_colour(rng)
            draw.rectangle((0, top - 3, side, top + height), fill=bar)
            fill = contrasting(rng, bar)
        box = (margin, top, side - 0.8 * margin, top + height + 1)
        outline = int(rng.integers(0, max(1, int(size / 9)) + 1))
        draw_lines(draw, rng, box, size, fill, outline, (0, 0, 0) if is_white else fill, rng.random() < 0.7)
    return image


def _document(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a page: paragraphs and headings on a plain ground, some with letterhead, picture or ruled lines."""
    side = image.width
    ground = any_colour(rng, "light") if rng.random() < 0.7 else any_colour(rng)
    page = Image.new("RGB", image.size, ground) if rng.random() < 0.8 else _gradient(side, rng)
    draw = ImageDraw.Draw(page)
    if rng.random() < 0.4:
        draw.rectangle((0, 0, side, side * rng.uniform(0.05, 0.27)), fill=any_colour(rng))
    if rng.random() < 0.3:
        width = int(side * rng.uniform(0.13, 0.58))
        inset = image.resize((width, max(1, int(width * rng.uniform(0.5, 1.2)))), _BILINEAR)
        page.paste(inset, (int(side * rng.uniform(0, 0.67)), int(side * rng.uniform(0, 0.67))))
    top = side * rng.uniform(0, 0.18)
    while top < 0.96 * side:
        size = side * (rng.uniform(0.02, 0.04) if rng.random() < 0.7 else rng.uniform(0.04, 0.116))
        height = rng.integers(1, 7) * size * 1.4
        ink = contrasting(rng, ground) if rng.random() < 0.6 else _ink(ground)
        box = (side * rng.uniform(0.01, 0.18), top, side * rng.uniform(0.67, 0.99), top + height + 2)
        draw_lines(draw, rng, box, size, ink, centred=rng.random() < 0.3, filled=rng.uniform(0.3, 1))
        top += height + side * rng.uniform(0, 0.11)
    if rng.random() < 0.3:
        _rule(draw, side, contrasting(rng, ground), rng)
    return page


def _ink(ground: Colour) -> Colour:
    return (20, 20, 20) if sum(ground) > 380 else (235, 235, 235)


def _rule(draw: ImageDraw.ImageDraw, side: int, colour: Colour, rng: Rng) -> None:
    for y in np.arange(
        side * rng.uniform(0.04, 0.36), side * rng.uniform(0.54, 1), side * rng.uniform(0.04, 0.12)
    ):
        draw.line((0.04 * side, y, 0.96 * side, y), fill=colour)


def _interface(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a screen: panels, buttons, icons and thumbnails with short words on them."""
    side = image.width
    screen = Image.new("RGB", image.size, any_colour(rng)) if rng.random() < 0.7 else _gradient(side, rng)
    if rng.random() < 0.35:
        screen = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.027) * side))
    draw = ImageDraw.Draw(screen)
    for _ in range(rng.integers(2, 12)):
        x, y = side * rng.uniform(-0.05, 0.85), side * rng.uniform(-0.05, 0.92)
        width, height = side * rng.uniform(0.05, 0.94), side * rng.uniform(0.03, 0.31)
        colour, edge = any_colour(rng), any_colour(rng) if rng.random() < 0.4 else None
        radius = int(rng.uniform(0, 0.5) * min(width, height))
        filled = colour if rng.random() < 0.8 else None
        draw.rounded_rectangle((x, y, x + width, y + height), radius=radius, fill=filled, outline=edge)
        if rng.random() < 0.75:
            size = rng.uniform(0.02 * side, min(0.08 * side, max(0.027 * side, 0.7 * height)))
            box = (x + 5, y + 0.15 * height, min(0.98 * side, x + width), y + height)
            draw_lines(draw, rng, box, size, contrasting(rng, colour))
        if rng.random() < 0.2:
            screen.paste(
                image.resize((max(8, int(width) // 2), max(8, int(height))), _BILINEAR), (int(x), int(y))
            )
        if rng.random() < 0.2:
            dot = side * rng.uniform(0.02, 0.1)
            draw.ellipse((x, y, x + dot, y + dot), fill=any_colour(rng))
    return screen


def _greeting(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a greeting card: large words and ornaments over a gradient or a washed-out photo."""
    side = image.width
    if rng.random() < 0.4:
        card = _gradient(side, rng)
    else:
        soft = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.022) * side))
        card = Image.blend(soft, Image.new("RGB", image.size, any_colour(rng)), rng.uniform(0, 0.7))
    draw = ImageDraw.Draw(card)
    for _ in range(rng.integers(0, 8)):
        x, y, size = rng.uniform(0, side), rng.uniform(0, side), side * rng.uniform(0.013, 0.22)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + size, y + size * rng.uniform(0.3, 1.5)), fill=any_colour(rng))
    size, lines = side * rng.uniform(0.054, 0.2), rng.integers(1, 6)
    top = rng.uniform(0.02 * side, max(0.03 * side, 0.96 * side - lines * size * 1.3))
    fill: Colour = (255, 255, 255) if rng.random() < 0.5 else any_colour(rng)
    box = (side * rng.uniform(0.01, 0.13), top, side * rng.uniform(0.85, 0.99), top + lines * size * 1.35 + 1)
    draw_lines(draw, rng, box, size, fill, int(rng.integers(0, 3)), any_colour(rng), rng.random() < 0.8)
    return card


def _blur(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a picture out of focus, enlarged from too few pixels, or (half of the time) shaken."""
    side = image.width
    sigma = side / 224 * float(np.exp(rng.uniform(np.log(1.2), np.log(5))))
    way = rng.integers(6)
    if way == 0:
        return image.filter(ImageFilter.GaussianBlur(0.8 * sigma))
    if way == 1:
        return image.filter(ImageFilter.BoxBlur(0.9 * sigma))
    if way == 2:
        small = max(8, int(side / (1.6 * sigma)))
        enlarged = image.resize((small, small), _BILINEAR, reducing_gap=2)
        return enlarged.resize(image.size, _BILINEAR if rng.random() < 0.5 else _BICUBIC)
    return _shaken(image, 3 * sigma, rng.uniform(0, np.pi))


def _shaken(image: Image.Image, pixels: float, angle: float) -> Image.Image:
    """Return the average of the picture along a straight path of this many pixels."""
    margin = int(pixels) + 2
    padded = np.pad(
        np.asarray(image, np.float32), ((margin, margin), (margin, margin), (0, 0)), mode="reflect"
    )
    steps = np.linspace(-0.5, 0.5, int(pixels) + 3) * pixels
    total = np.zeros((image.height, image.width, 3), np.float32)
    for step in steps:
        x, y = margin + round(step * np.cos(angle)), margin + round(step * np.sin(angle))
        total += padded[y : y + image.height, x : x + image.width]
    return _from_floats(total / len(steps))


def _tone(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a picture nearly black, nearly white, nearly flat, or with hardly any contrast."""
    values = np.asarray(image, np.float32)
    way, share = rng.integers(4), rng.uniform(0.02, 0.25)
    if way == 0:
        values = values * share
    elif way == 1:
        values = 255 - (255 - values) * share
    elif way == 2:
        values = 0.9 * np.asarray(_gradient(image.width, rng), np.float32) + 0.1 * rng.random() * values
    else:
        values = values.mean() + (values - values.mean()) * rng.uniform(0.05, 0.3)
    return _from_floats(values + rng.normal(0, rng.uniform(0, 3), values.shape))


def _harmless(image: Image.Image, rng: Rng) -> Image.Image:
    """Return a picture with harmless changes: a mild crop, a change of tone, a little sharpening."""
    side = image.width
    if rng.random() < 0.6:
        width = int(side * rng.uniform(0.8, 1))
        x, y = rng.integers(0, side - width + 1, 2).tolist()
        image = image.crop((x, y, x + width, y + width)).resize((side, side), _BILINEAR)
    if rng.random() < 0.5:
        values = np.asarray(image, np.float32) * rng.uniform(0.8, 1.2) + rng.uniform(-12, 12)
        image = _from_floats(values)
    # Sharpened pictures count as normal: otherwise the caption kind fires on every crisp photo.
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.UnsharpMask(rng.uniform(0.8, 2), int(rng.integers(30, 120)), 2))
    return image


def _gradient(side: int, rng: Rng) -> Image.Image:
    start, end = np.array(any_colour(rng)), np.array(any_colour(rng))
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, side), np.linspace(-0.5, 0.5, side))
    angle = rng.uniform(0, 2 * np.pi)
    slope = x * np.cos(angle) + y * np.sin(angle)
    share = (slope - slope.min()) / (np.ptp(slope) + 1e-9)
    return _from_floats(start + (end - start) * share[..., None])


def _from_floats(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


_RENDERERS: dict[str, Callable[[Image.Image, Rng], Image.Image]] = {
    "caption": _caption,
    "document": _document,
    "interface": _interface,
    "greeting": _greeting,
    "blur": _blur,
    "tone": _tone,
    "harmless": _harmless,
}
KINDS = tuple(kind for kind in _RENDERERS if kind != "harmless")
KIND_OF = {
    "caption": Kind.CAPTION,
    "document": Kind.DOCUMENT,
    "interface": Kind.SCREENSHOT,
    "greeting": Kind.CARD,
    "blur": Kind.BLURRED,
    "tone": Kind.DARK,
}
