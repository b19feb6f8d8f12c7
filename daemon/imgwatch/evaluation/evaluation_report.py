"""The page of an evaluation: tables, plots, and contact sheets of the worst mistakes. It needs the extra report."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from imgwatch.atomic_file import replace_atomically
from imgwatch.evaluation.evaluate import Evaluation
from imgwatch.evaluation.evaluation_table import HEADER, false_alarms, rows_of
from imgwatch.evaluation.html_report import (
    THUMBNAIL,
    Report,
    Table,
    Tile,
    TileSection,
    thumbnails,
    write_report,
)
from imgwatch.evaluation.labelled import ScoredFolder
from imgwatch.evaluation.metrics import roc_points
from imgwatch.evaluation.plots import Plot, histogram, roc
from imgwatch.picture.decoding import Limits

_MISTAKES = 24  # shown of each kind


def write_evaluation(evaluations: Sequence[Evaluation], out: Path, limits: Limits, workers: int = 1) -> Path:
    """Write report.html, report.json, plots and contact sheets into `out`; return the path of the page."""
    galleries = [gallery for evaluation in evaluations for gallery in _mistakes(evaluation, limits, workers)]
    for gallery, name in zip(galleries, _sheet_names(evaluations), strict=True):
        shown = [tile.thumbnail for tile in gallery.tiles if tile.thumbnail]
        if shown:
            replace_atomically(out / f"{name}.jpg", contact_sheet(shown))
    several = f"{len(evaluations)} models" if len(evaluations) > 1 else evaluations[0].model.name
    first = evaluations[0]
    return write_report(
        Report(
            title=f"imgwatch: {several} on {sum(len(folder.paths) for folder in first.junk)} pictures of junk",
            lead=f"{len(first.normal.paths)} normal pictures from {first.normal.path}.",
            tables=[_table(evaluation) for evaluation in evaluations],
            plots=_plots(evaluations),
            galleries=galleries,
            record={"evaluations": [evaluation.facts() for evaluation in evaluations]},
        ),
        out,
    )


def contact_sheet(shown: Sequence[bytes], columns: int = 8) -> bytes:
    """Return thumbnails, JPEG bytes, side by side in one JPEG."""
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * THUMBNAIL.width, rows * THUMBNAIL.height), "white")
    for number, content in enumerate(shown):
        with Image.open(io.BytesIO(content)) as picture:
            corner = (number % columns * THUMBNAIL.width, number // columns * THUMBNAIL.height)
            sheet.paste(picture, corner)
    drawn = io.BytesIO()
    sheet.save(drawn, "JPEG", quality=85)
    return drawn.getvalue()


def _table(evaluation: Evaluation) -> Table:
    title = f"{evaluation.model.name} ({evaluation.architecture})"
    return Table(title, f"Normal: {false_alarms(evaluation)}.", HEADER, rows_of(evaluation))


def _plots(evaluations: Sequence[Evaluation]) -> list[Plot]:
    if len(evaluations) == 1:
        (only,) = evaluations
        curves = {folder.path.name: roc_points(only.normal.scores, folder.scores) for folder in only.junk}
    else:
        curves = {
            f"{evaluation.model.name} ({evaluation.architecture})": roc_points(
                evaluation.normal.scores, np.concatenate([folder.scores for folder in evaluation.junk])
            )
            for evaluation in evaluations
        }
    first = evaluations[0]
    groups = {folder.path.name: folder.scores for folder in (first.normal, *first.junk)}
    return [roc(curves), histogram(groups, first.threshold, f"Scores by {first.model.name}.")]


def _mistakes(evaluation: Evaluation, limits: Limits, workers: int) -> list[TileSection]:
    """Return the worst mistakes: the strangest normal pictures and the least strange junk."""
    judged = {
        f"Normal pictures above the threshold of {evaluation.model.name}": _worst(
            [evaluation.normal], evaluation.threshold, 1
        ),
        f"Junk not above the threshold of {evaluation.model.name}": _worst(
            evaluation.junk, evaluation.threshold, -1
        ),
    }
    return [
        TileSection(title, "The worst first.", _tiles(worst, limits, workers))
        for title, worst in judged.items()
    ]


def _worst(folders: Sequence[ScoredFolder], threshold: float, sign: int) -> list[tuple[float, Path]]:
    """Return scores and paths on the wrong side: above the threshold for sign 1, not above it for -1."""
    wrong = [
        (float(score), path)
        for folder in folders
        for path, score in zip(folder.paths, folder.scores, strict=True)
        if (score > threshold) == (sign > 0)
    ]
    return sorted(wrong, key=lambda pair: -sign * pair[0])[:_MISTAKES]


def _tiles(worst: Sequence[tuple[float, Path]], limits: Limits, workers: int) -> list[Tile]:
    shown = thumbnails([path for _, path in worst], limits, workers)
    return [
        Tile(str(path), shown.get(str(path)), f"{path.parent.name}, {score:.4g}") for score, path in worst
    ]


def _sheet_names(evaluations: Sequence[Evaluation]) -> list[str]:
    several = len(evaluations) > 1
    stems = [f"-{number + 1}" if several else "" for number in range(len(evaluations))]
    return [f"worst-{kind}{stem}" for stem in stems for kind in ("normal", "junk")]
