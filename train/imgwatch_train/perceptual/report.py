"""The report of a perceptual training run: expected false alarms, and the pictures to look at before trusting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import asdict

from imgwatch.calibration.odd_pictures import OddPictures
from imgwatch.evaluation.false_alarm_rate import FalseAlarmRate
from imgwatch.evaluation.html_report import Report, Tile, TileSection, thumbnails
from imgwatch.evaluation.plots import histogram, learning_curves
from imgwatch.model.contract import Contract
from imgwatch.progress import Progress
from imgwatch.standard import Standard
from imgwatch.wording import sentence
from imgwatch_train.data.dataset import DatasetIndex
from imgwatch_train.facts import described
from imgwatch_train.job import Job

if TYPE_CHECKING:
    from imgwatch_train.perceptual.learning import Learnt

STRANGEST = 40
SHARE = 0.05  # of the folder that is listed for `--exclude`, at least STRANGEST pictures
FEW_PICTURES = 200


@dataclass(frozen=True)
class TrainedDetector:
    """A finished model and the facts of its folder: `scores` [N] of the pictures, each held out."""

    contract: Contract
    false_alarms: FalseAlarmRate
    index: DatasetIndex
    learnt: Learnt
    scores: np.ndarray
    parts: np.ndarray


def report_of(trained: TrainedDetector, job: Job, progress: Progress) -> Report:
    """Return the report, and write the list of the strangest pictures beside it."""
    progress("report", 0, 1)
    count = max(STRANGEST, round(SHARE * len(trained.scores)))
    strangest = [_judged(trained, row) for row in np.argsort(-trained.scores, kind="stable")[:count]]
    OddPictures(job.out).show([Path(entry["path"]) for entry in strangest])
    contract = trained.contract
    facts = contract.training
    report = Report(
        title=f"imgwatch: {job.out.name} (perceptual)",
        lead=trained.false_alarms.summary,
        warnings=(*trained.false_alarms.warnings, *_warnings(trained)),
        facts=[("threshold", f"{contract.threshold.score:.5g}"), *described(facts)],
        plots=(_curves(trained), _plot(trained)),
        galleries=(
            TileSection(
                f"Look at these {min(STRANGEST, count)} before you trust the model",
                "The strangest of your own pictures, each judged by a model that had not seen it. What does not "
                "belong here is chosen on the training page of the gallery, or with `imgwatch train --review`.",
                _tiles(strangest[:STRANGEST], job),
            ),
        ),
        record={
            **facts,
            "model": str(job.out),
            "threshold": asdict(contract.threshold),
            "curves": trained.learnt.autoencoders.curves.tolist(),
            "most_suspicious": strangest,
            "near_duplicates": _copies(trained),
            "unreadable": trained.index.unreadable,
            "duplicates": trained.index.duplicates,
        },
    )
    progress("report", 1, 1)
    return report


def _judged(trained: TrainedDetector, row: int) -> dict[str, Any]:
    contract, selection = trained.contract, trained.learnt.selection
    score = float(trained.scores[row])
    always_worded = Standard(contract, "", float("-inf"))
    return {
        "path": trained.index.entries[row].path,
        "score": score,
        "reason": sentence(always_worded.judge(score, trained.parts[row].tolist(), "").reason),
        "above_threshold": score > contract.threshold.score,
        "left_out_of_training": bool(selection.is_judged[row]),
    }


def _tiles(strangest: Sequence[dict[str, Any]], job: Job) -> list[Tile]:
    shown = thumbnails([Path(entry["path"]) for entry in strangest], job.limits, job.settings.workers)
    return [Tile(e["path"], shown.get(e["path"]), f"{e['score']:.3g}: {e['reason']}") for e in strangest]


def _plot(trained: TrainedDetector) -> Any:
    is_outlier = trained.learnt.is_outlier
    groups = {"your pictures": trained.scores[~is_outlier], "clear outliers": trained.scores[is_outlier]}
    caption = "Each picture was scored by experts that had not seen it."
    return histogram({k: v for k, v in groups.items() if len(v)}, trained.contract.threshold.score, caption)


def _curves(trained: TrainedDetector) -> Any:
    seen, unseen = trained.learnt.autoencoders.curves.tolist()
    return learning_curves({"seen": seen, "held out": unseen})


def _copies(trained: TrainedDetector) -> list[list[str]]:
    """Return the paths of each group of near-duplicates."""
    groups: dict[int, list[str]] = {}
    for entry, group in zip(trained.index.entries, trained.learnt.groups.tolist(), strict=True):
        groups.setdefault(group, []).append(entry.path)
    return [paths for paths in groups.values() if len(paths) > 1]


def _warnings(trained: TrainedDetector) -> list[str]:
    warnings, outliers = [], int(trained.learnt.is_outlier.sum())
    if len(trained.scores) < FEW_PICTURES:
        warnings.append(
            f"{len(trained.scores)} pictures are few: expect more misses than with {FEW_PICTURES} or more, "
            "and a false-alarm rate as uncertain as its interval says."
        )
    if outliers:
        warnings.append(
            f"{outliers} of your pictures stand out clearly from the rest. All of them count as normal, so pictures "
            "like them are left alone. Look at them: if some are junk, choose them on the training page of the "
            "gallery, or with --review, and train again: more junk will be caught."
        )
    if trained.index.unreadable:
        warnings.append(f"{len(trained.index.unreadable)} files could not be read; report.json lists them.")
    return warnings
