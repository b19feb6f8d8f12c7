"""The report of a classic training run: learning curves, expected false alarms, and suspicious pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import asdict

from imgwatch.calibration.odd_pictures import OddPictures
from imgwatch.evaluation.false_alarm_rate import FalseAlarmRate
from imgwatch.evaluation.html_report import Report, Tile, TileSection, encoded, thumbnails
from imgwatch.evaluation.plots import histogram, learning_curves
from imgwatch.model.contract import Contract
from imgwatch.model.scorer import Floats
from imgwatch.picture.decoding import Pixels
from imgwatch.progress import Progress
from imgwatch_train.data.dataset import DatasetIndex
from imgwatch_train.data.pixel_file import PixelFile, Rows
from imgwatch_train.facts import described
from imgwatch_train.job import Job

if TYPE_CHECKING:
    from imgwatch_train.classic.fitting import Epoch

SUSPICIOUS = 100  # pictures with the highest errors that are listed and shown
_RECONSTRUCTED = 12  # pictures shown with their reconstruction, best and worst


@dataclass(frozen=True)
class TrainedAutoencoder:
    """A finished model and its facts; `scores` [N] belong to `rows` [N], held-out ones first."""

    contract: Contract
    false_alarms: FalseAlarmRate
    history: list[Epoch]
    index: DatasetIndex
    rows: Rows
    scores: Floats
    held_out: int

    def path(self, index: int) -> str:
        """Return the path of the picture with this score, by index."""
        return self.index.entries[int(self.rows[index])].path


def report_of(
    trained: TrainedAutoencoder,
    job: Job,
    pictures: PixelFile,
    reconstruct: Callable[[Pixels], Any],
    progress: Progress,
) -> Report:
    """Return the report; `reconstruct` maps uint8 pictures [N, H, W, C] to reconstructions, 0 to 1."""
    progress("report", 0, 1)
    order = np.argsort(trained.scores, kind="stable")
    strangest = order[::-1][:SUSPICIOUS]
    suspicious = [_judged(trained, index) for index in strangest]
    reconstructed = [
        _reconstructions(trained, indices, pictures, reconstruct)
        for indices in (strangest[:_RECONSTRUCTED], order[:_RECONSTRUCTED])
    ]
    OddPictures(job.out).show([Path(entry["path"]) for entry in suspicious])
    report = Report(
        title=f"imgwatch: {job.out.name} ({trained.contract.architecture})",
        lead=trained.false_alarms.summary,
        warnings=(*trained.false_alarms.warnings, *_left_out(trained.index)),
        facts=[("threshold", _threshold_says(trained.contract)), *described(trained.contract.training)],
        plots=_plots(trained),
        galleries=_galleries(_tiles(suspicious, job), *reconstructed),
        record=_record(trained, job, suspicious),
    )
    progress("report", 1, 1)
    return report


def _galleries(suspicious: list[Tile], worst: list[Tile], best: list[Tile]) -> tuple[TileSection, ...]:
    look = "Look at these before you trust the model: what does not belong here was learned as normal."
    sides = "On the left the picture as the model sees it, on the right its reconstruction."
    return (
        TileSection(f"The {len(suspicious)} pictures with the highest errors", look, suspicious),
        TileSection("Worst reconstructions", sides, worst, is_wide=True),
        TileSection("Best reconstructions", sides, best, is_wide=True),
    )


def _record(trained: TrainedAutoencoder, job: Job, suspicious: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        **trained.contract.training,
        "model": str(job.out),
        "threshold": asdict(trained.contract.threshold),
        "history": trained.history,
        "most_suspicious": suspicious,
        "unreadable": trained.index.unreadable,
        "duplicates": trained.index.duplicates,
    }


def _judged(trained: TrainedAutoencoder, index: int) -> dict[str, Any]:
    score = float(trained.scores[index])
    is_held_out = bool(index < trained.held_out)
    is_above = score > trained.contract.threshold.score
    return {"path": trained.path(index), "score": score, "held_out": is_held_out, "above_threshold": is_above}


def _tiles(suspicious: Sequence[dict[str, Any]], job: Job) -> list[Tile]:
    shown = thumbnails([Path(entry["path"]) for entry in suspicious], job.limits, job.settings.workers)
    return [
        Tile(
            entry["path"],
            shown.get(entry["path"]),
            f"{entry['score']:.4g}{', above the threshold' if entry['above_threshold'] else ''}",
        )
        for entry in suspicious
    ]


def _reconstructions(
    trained: TrainedAutoencoder, indices: Rows, pictures: PixelFile, reconstruct: Callable[[Pixels], Any]
) -> list[Tile]:
    seen = pictures[trained.rows[indices]]
    reconstructed = (np.clip(np.asarray(reconstruct(seen)), 0, 1) * 255 + 0.5).astype(np.uint8)
    return [
        Tile(trained.path(index), encoded(np.concatenate(pair, axis=1)), f"{trained.scores[index]:.4g}")
        for index, pair in zip(indices, zip(seen, reconstructed, strict=True), strict=True)
    ]


def _plots(trained: TrainedAutoencoder) -> tuple[Any, ...]:
    losses = {
        "training": [epoch["loss"] for epoch in trained.history],
        "validation": [epoch["validation_loss"] for epoch in trained.history],
    }
    several = max((epoch["epoch"] for epoch in trained.history), default=0) > 0
    breaks = [n + 0.5 for n, epoch in enumerate(trained.history) if several and n and epoch["epoch"] == 0]
    groups = {
        "trained on": trained.scores[trained.held_out :],
        "held out": trained.scores[: trained.held_out],
    }
    caption = "The held-out pictures decide: where they lie is where new normal pictures will."
    return learning_curves(losses, breaks), histogram(groups, trained.contract.threshold.score, caption)


def _threshold_says(contract: Contract) -> str:
    threshold = contract.threshold
    return f"{threshold.score:.5g} ({threshold.rule.replace('_', ' ')}: {threshold.value:g})"


def _left_out(index: DatasetIndex) -> list[str]:
    sentences = []
    if index.unreadable:
        sentences.append(f"Not readable and not used: {len(index.unreadable)} (listed in report.json).")
    if index.duplicates:
        sentences.append(
            f"Exact copies of other pictures, used once: {len(index.duplicates)} (listed in report.json)."
        )
    return sentences
