"""Measure models on labelled folders: how well they separate junk from normal pictures, and what a threshold does.

It needs no TensorFlow and draws nothing; `evaluation_report` shows an evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgwatch.evaluation.by_kind import NamedKinds, named_kinds
from imgwatch.evaluation.labelled import ByFolder, Labelled, ScoredFolder, score_folders
from imgwatch.evaluation.metrics import TARGET_RATES, Metrics, measure
from imgwatch.model.scorer import Scorer
from imgwatch.progress import Progress, silent
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised
from imgwatch.standard import Standard

INTERVALS = "AUROC: DeLong 1988; shares: Clopper and Pearson 1934; 95 %"


@dataclass(frozen=True)
class Evaluation:
    """One model on normal pictures against junk: metrics overall and for each folder of junk."""

    model: Path
    architecture: str
    threshold: float
    calibrated_on: int
    normal: ScoredFolder
    junk: tuple[ScoredFolder, ...]
    overall: Metrics
    by_folder: tuple[Metrics, ...]
    kinds: tuple[NamedKinds, ...]  # of the normal pictures, then of each folder of junk

    def facts(self) -> dict[str, Any]:
        """Return the metrics as JSON fields, the overall ones at the top."""
        folders = [
            {"folder": str(folder.path), **metrics.facts()}
            for folder, metrics in zip(self.junk, self.by_folder, strict=True)
        ]
        top = {"model": str(self.model), "architecture": self.architecture, "threshold": self.threshold}
        top["calibrated_on"] = self.calibrated_on
        kinds = [named.facts() for named in self.kinds]
        return {**top, **self.overall.facts(), "intervals": INTERVALS, "folders": folders, "kinds": kinds}


def evaluate(
    scorers: Sequence[Scorer],
    labelled: Labelled,
    rule: ThresholdRule | None = None,
    progress: Progress = silent,
    promised: Promised = (),
) -> list[Evaluation]:
    """Measure each model on the same pictures; `rule` overrides the models' own thresholds, and kinds may have
    `promised` ones.

    Raises InputMissing if a folder is missing or holds no readable picture.
    """
    scored = score_folders(scorers, labelled, progress)
    return [
        _evaluation(scorer, labelled, by_folder, _standard(scorer, rule, promised))
        for scorer, by_folder in zip(scorers, scored, strict=True)
    ]


def _standard(scorer: Scorer, rule: ThresholdRule | None, promised: Promised) -> Standard:
    return Standard.of(scorer.contract, scorer.name, rule, promised, scorer.path)


def _evaluation(scorer: Scorer, labelled: Labelled, scored: ByFolder, standard: Standard) -> Evaluation:
    contract, threshold = standard.contract, standard.threshold
    targets = [(rate, contract.calibration.threshold_for(rate)) for rate in TARGET_RATES]
    normal, junk = scored[labelled.normal], tuple(scored[folder] for folder in labelled.junk)
    all_junk = np.concatenate([folder.scores for folder in junk])
    unreadable = len(normal.unreadable) + sum(len(folder.unreadable) for folder in junk)
    return Evaluation(
        model=scorer.path,
        architecture=contract.architecture,
        threshold=threshold,
        calibrated_on=contract.calibration.pictures,
        normal=normal,
        junk=junk,
        overall=measure(normal.scores, all_junk, targets, threshold, unreadable),
        by_folder=tuple(
            measure(normal.scores, folder.scores, targets, threshold, len(folder.unreadable))
            for folder in junk
        ),
        kinds=tuple(
            named_kinds(standard, folder, labelled.kinds.get(folder.path)) for folder in (normal, *junk)
        ),
    )
