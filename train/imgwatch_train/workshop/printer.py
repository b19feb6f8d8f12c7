"""Print pages with a headless Chromium, many on one screenshot, and cut them out."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.errors import Unavailable
from imgwatch_train.workshop.sheet import Page

_SCALE = 0.6  # of a CSS pixel: pictures are seen at 224 pixels in the end
_WIDTH, _HEIGHT = 2000, 1500  # of one screenshot, in CSS pixels
_GAP = 20
_NOISE, _MARGIN = 12, 10  # of JPEG, in levels; what stays of an empty foot, in pixels
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--allow-file-access-from-files",
    "--disable-background-networking",
)


def print_pages(pages: Iterable[Page]) -> Iterator[Image.Image]:
    """Yield the pictures of pages, in order. Raises Unavailable without playwright or Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as fault:
        raise Unavailable("the workshop needs playwright: pip install imgwatch[dev]") from fault
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise Unavailable("the workshop needs Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        view = browser.new_page(
            viewport={"width": _WIDTH, "height": _HEIGHT},
            device_scale_factor=_SCALE,
            java_script_enabled=False,
        )
        document = Path(folder) / "pages.html"
        for batch in _sheets(pages):
            places = _places(batch)
            boxes = (
                f"<div style='position:absolute;left:{x}px;top:{y}px'>{page.html}</div>"
                for page, (x, y) in zip(batch, places, strict=True)
            )
            document.write_text(
                f"<meta charset=utf8><body style='margin:0'>{''.join(boxes)}", encoding="utf8"
            )
            view.goto(document.as_uri())
            whole = Image.open(io.BytesIO(view.screenshot(type="jpeg", quality=95))).convert("RGB")
            for page, (x, y) in zip(batch, places, strict=True):
                box = (x * _SCALE, y * _SCALE, (x + page.width) * _SCALE, (y + page.height) * _SCALE)
                yield _trimmed(whole.crop(box))
        browser.close()


def _trimmed(picture: Image.Image) -> Image.Image:
    """Return the picture without its empty foot, but at least a third of it."""
    rows = np.asarray(picture).astype(np.int16)
    differs = np.abs(rows - rows[-1, 0]).max(axis=(1, 2)) > _NOISE
    filled = int(np.flatnonzero(differs).max(initial=0)) + _MARGIN
    return picture.crop((0, 0, picture.width, min(picture.height, max(filled, picture.height // 3))))


def _sheets(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Yield the pages in batches that fit on one screenshot."""
    batch: list[Page] = []
    for page in pages:
        if batch and _places([*batch, page])[-1][1] + page.height > _HEIGHT:
            yield batch
            batch = []
        batch.append(page)
    if batch:
        yield batch


def _places(pages: Sequence[Page]) -> list[tuple[int, int]]:
    """Return where pages lie: in rows from left to right."""
    places, left, top, tallest = [], 0, 0, 0
    for page in pages:
        if left and left + page.width > _WIDTH:
            left, top, tallest = 0, top + tallest + _GAP, 0
        places.append((left, top))
        left, tallest = left + page.width + _GAP, max(tallest, page.height)
    return places
