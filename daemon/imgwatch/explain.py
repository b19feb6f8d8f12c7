"""Show where a picture is strange: a copy, overlaid with the model's error map as a heat map."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.errors import CannotCreate
from imgwatch.judging import Judge
from imgwatch.model.scorer import Floats
from imgwatch.picture.decoding import Decoded, Pixels


def explain_pictures(judge: Judge, paths: Iterable[Path], folder: Path) -> None:
    """Write `NAME.png` (what the model sees) and `NAME.heat.png` for each readable picture into `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (path, outcome) in enumerate(judge.decoder.decode(paths), 1):
            if isinstance(outcome, Decoded):
                error_map = judge.scorer.explain(outcome.pixels[None]).error_map[0]
                stem = folder / f"{number:04d}-{path.stem[:80]}"
                as_image(outcome.pixels).save(stem.with_name(f"{stem.name}.png"))
                heat_map(outcome.pixels, error_map).save(stem.with_name(f"{stem.name}.heat.png"))
    except OSError as fault:
        raise CannotCreate(f"{folder}: the heat maps cannot be written: {fault.strerror}") from fault


def as_image(pixels: Pixels) -> Image.Image:
    """Return uint8 pixels [H, W, C] as a Pillow picture."""
    return Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0]).convert("RGB")


def heat_map(pixels: Pixels, error_map: Floats) -> Image.Image:
    """Return uint8 pixels [H, W, C] overlaid with an error map [h, w]: the redder, the stranger; maximum full red."""
    strength = error_map - error_map.min()
    strength = strength / max(float(strength.max()), 1e-9)
    heat = Image.fromarray((strength * 255).astype(np.uint8)).resize(
        (pixels.shape[1], pixels.shape[0]), Image.Resampling.BICUBIC
    )
    alpha = np.asarray(heat, dtype=np.float32)[..., None] / 255.0 * 0.7
    red = np.array([230.0, 30.0, 30.0], dtype=np.float32)
    grey = np.asarray(as_image(pixels).convert("L").convert("RGB"), dtype=np.float32)
    return Image.fromarray((grey * (1 - alpha) + red * alpha).astype(np.uint8))
