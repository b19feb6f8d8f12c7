"""Write a report for people (HTML, one file) and for programs (JSON), with its plots beside it.

It knows pages, plots and galleries; the recipes and `evaluate` fill them.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imgwatch.atomic_file import replace_atomically
from imgwatch.evaluation.plots import Plot
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Pixels, Shape

THUMBNAIL = Shape(160, 160, "RGB")
_JPEG_QUALITY = 82

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery: its file, JPEG bytes (None: cannot be shown), a line or two of text."""

    path: str
    thumbnail: bytes | None
    caption: str


@dataclass(frozen=True)
class TileSection:
    """A section of pictures to look at, with a caption."""

    title: str
    caption: str
    tiles: Sequence[Tile]
    is_wide: bool = False  # each tile shows several pictures side by side


@dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    title: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Report:
    """A page from top to bottom; `lead` is its first sentence, `record` what report.json holds."""

    title: str
    lead: str
    warnings: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    plots: Sequence[Plot] = ()
    galleries: Sequence[TileSection] = ()
    tables: Sequence[Table] = ()
    record: Mapping[str, Any] = field(default_factory=dict)


def write_report(report: Report, folder: Path) -> Path:
    """Write report.html, report.json and a PNG a plot into the folder, and log the warnings; return the page's path.

    Raises CannotCreate. Needs the extra report, which the commands ask for before they begin.
    """
    page = folder / "report.html"
    for plot in report.plots:
        replace_atomically(folder / f"{plot.name}.png", plot.light)
    replace_atomically(folder / "report.json", (json.dumps(_finite(report.record), indent=1) + "\n").encode())
    replace_atomically(page, _render(report).encode("utf-8", "backslashreplace"))
    for warning in report.warnings:
        _log.warning("%s", warning)
    return page


def _render(report: Report) -> str:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters.update(embedded=_embedded, uri=lambda path: Path(path).absolute().as_uri())
    template = files("imgwatch.evaluation").joinpath("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(report=report)


def _embedded(content: bytes) -> str:
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def thumbnails(paths: Iterable[Path], limits: Limits, workers: int = 1) -> dict[str, bytes]:
    """Decode pictures in guarded workers and return them as small square JPEGs, by path; no byte of a file is kept.

    A picture that can no longer be decoded is left out.
    """
    with Decoder(THUMBNAIL, limits, workers) as decoder:
        return {
            str(path): encoded(outcome.pixels)
            for path, outcome in decoder.decode(paths)
            if isinstance(outcome, Decoded)
        }


def encoded(pixels: Pixels) -> bytes:
    """Return uint8 pixels [H, W, 1 or 3] as JPEG."""
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()


def _finite(value: Any) -> Any:
    """Return a value for JSON, which has no NaN: it becomes null."""
    if isinstance(value, Mapping):
        return {key: _finite(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(below) for below in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
