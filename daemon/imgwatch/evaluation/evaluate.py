"""Measure models on labelled folders: the same pictures for all, decoded as the daemon does. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from imgwatch.errors import InputMissing
from imgwatch.evaluation.measures import PROMISES, Figures, figures_of
from imgwatch.evaluation.promise import threshold_of
from imgwatch.judgement import Judgement
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Pixels, Shape
from imgwatch.progress import Progress, silent
from imgwatch.scan import identity_of, list_pictures
from imgwatch.settings import DEFAULT_IGNORE, Settings, ThresholdRule

_BATCH = 16
INTERVALS = "AUROC: DeLong 1988; shares: Clopper and Pearson 1934; 95 %"


@dataclass(frozen=True)
class Folder:
    """The pictures of one labelled folder, as one model scores them: `scores` [N] belong to `paths`."""

    path: Path
    paths: list[Path]
    scores: Floats
    unreadable: dict[Path, str]


@dataclass(frozen=True)
class Evaluation:
    """One model on normal pictures against junk: figures in all and for each folder of junk."""

    model: Path
    architecture: str
    threshold: float
    calibrated_on: int
    normal: Folder
    junk: tuple[Folder, ...]
    overall: Figures
    by_folder: tuple[Figures, ...]

    def facts(self) -> dict[str, Any]:
        """Return the figures as JSON fields, those in all at the top."""
        folders = [
            {"folder": str(folder.path), **figures.facts()}
            for folder, figures in zip(self.junk, self.by_folder, strict=True)
        ]
        top = {"model": str(self.model), "architecture": self.architecture, "threshold": self.threshold}
        top["calibrated_on"] = self.calibrated_on
        return {**top, **self.overall.facts(), "intervals": INTERVALS, "folders": folders}


@dataclass(frozen=True)
class Labelled:
    """What to measure on: a folder of normal pictures that no model was trained on, and folders of junk."""

    normal: Path
    junk: tuple[Path, ...]
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    cluster: str | None = None  # score on this Dask cluster instead: a scheduler's address, or `local`


def evaluate(
    scorers: Sequence[Scorer],
    labelled: Labelled,
    rule: ThresholdRule | None = None,
    progress: Progress = silent,
) -> list[Evaluation]:
    """Measure each model on the same pictures; `rule` overrides the models' own thresholds.

    Raises InputMissing when a folder is not there or holds no readable picture.
    """
    folders = (labelled.normal, *labelled.junk)
    listed = {folder: list_pictures([folder], (), DEFAULT_IGNORE) for folder in folders}
    if labelled.cluster:
        by_scorer = _score_on(labelled.cluster, scorers, listed, labelled.limits, progress)
        return [_measured(scorer, labelled, by_scorer[id(scorer)], rule) for scorer in scorers]
    scored: dict[int, dict[Path, Folder]] = {}
    for shape in dict.fromkeys(scorer.contract.shape for scorer in scorers):
        alike = [scorer for scorer in scorers if scorer.contract.shape == shape]
        found = _score(alike, shape, listed, labelled, progress)
        scored |= {id(scorer): by_folder for scorer, by_folder in zip(alike, found, strict=True)}
    return [_measured(scorer, labelled, scored[id(scorer)], rule) for scorer in scorers]


def _score(
    scorers: Sequence[Scorer],
    shape: Shape,
    listed: dict[Path, list[Path]],
    labelled: Labelled,
    progress: Progress,
) -> list[dict[Path, Folder]]:
    """Decode every folder once for this shape and let each model score it."""
    found: list[dict[Path, Folder]] = [{} for _ in scorers]
    done, total = 0, sum(map(len, listed.values()))
    with Decoder(shape, labelled.limits, labelled.workers) as decoder:
        for folder, paths in listed.items():
            unreadable: dict[Path, str] = {}
            readable: list[Path] = []
            scores: list[list[Floats]] = [[] for _ in scorers]
            for batch_paths, pictures in _batches(decoder, paths, unreadable):
                readable += batch_paths
                for scorer, so_far in zip(scorers, scores, strict=True):
                    so_far.append(scorer.score(pictures)[0])
                progress("score", done + len(readable) + len(unreadable), total)
            done += len(paths)
            if not readable:
                raise InputMissing(f"{folder}: none of its {len(paths)} pictures can be read")
            for by_folder, so_far in zip(found, scores, strict=True):
                by_folder[folder] = Folder(folder, readable, np.concatenate(so_far), unreadable)
    return found


def _score_on(
    address: str,
    scorers: Sequence[Scorer],
    listed: dict[Path, list[Path]],
    limits: Limits,
    progress: Progress,
) -> dict[int, dict[Path, Folder]]:
    """Let a cluster decode and score every folder, once for each model."""
    from imgwatch.cluster.dask_cluster import Cluster
    from imgwatch.cluster.judging import JudgeKit, judge_on

    found: dict[int, dict[Path, Folder]] = {id(scorer): {} for scorer in scorers}
    done, total = 0, len(scorers) * sum(map(len, listed.values()))
    with Cluster(address) as cluster:
        for scorer in scorers:
            kit = JudgeKit.of(scorer, None, limits)
            for folder, paths in listed.items():
                lying = ((path, identity) for path in paths if (identity := identity_of(path)) is not None)
                judgements = {}
                for judged in judge_on(cluster, kit, lying):
                    judgements[judged.path] = judged.judgement
                    progress("score", done + len(judgements), total)
                done += len(paths)
                found[id(scorer)][folder] = _folder_of(folder, paths, judgements)
    return found


def _folder_of(folder: Path, paths: Sequence[Path], judgements: Mapping[Path, Judgement]) -> Folder:
    scores = {path: judgements[path].score for path in paths if path in judgements}
    readable = [path for path, score in scores.items() if score is not None]
    unreadable = {
        path: judgements[path].reason if path in judgements else "vanished"
        for path in paths
        if scores.get(path) is None
    }
    if not readable:
        raise InputMissing(f"{folder}: none of its {len(paths)} pictures can be read")
    return Folder(folder, readable, np.array([scores[path] for path in readable], np.float32), unreadable)


def _batches(
    decoder: Decoder, paths: Sequence[Path], unreadable: dict[Path, str]
) -> Iterator[tuple[list[Path], Pixels]]:
    """Yield paths with pixels [N, H, W, C], a few at a time; note what cannot be read."""
    under_way: list[tuple[Path, Pixels]] = []
    for path, outcome in decoder.decode(paths):
        if isinstance(outcome, Decoded):
            under_way.append((path, outcome.pixels))
        else:
            unreadable[path] = "vanished" if isinstance(outcome, OSError) else str(outcome)
        if len(under_way) == _BATCH:
            yield [path for path, _ in under_way], np.stack([pixels for _, pixels in under_way])
            under_way = []
    if under_way:
        yield [path for path, _ in under_way], np.stack([pixels for _, pixels in under_way])


def _measured(
    scorer: Scorer, labelled: Labelled, scored: dict[Path, Folder], rule: ThresholdRule | None
) -> Evaluation:
    contract = scorer.contract
    threshold = contract.threshold.score if rule is None else threshold_of(contract.calibration, rule).score
    promised = [(share, contract.calibration.threshold_for(share)) for share in PROMISES]
    normal, junk = scored[labelled.normal], tuple(scored[folder] for folder in labelled.junk)
    everything = np.concatenate([folder.scores for folder in junk])
    unreadable = len(normal.unreadable) + sum(len(folder.unreadable) for folder in junk)
    return Evaluation(
        model=scorer.path,
        architecture=contract.architecture,
        threshold=threshold,
        calibrated_on=contract.calibration.pictures,
        normal=normal,
        junk=junk,
        overall=figures_of(normal.scores, everything, promised, threshold, unreadable),
        by_folder=tuple(
            figures_of(normal.scores, folder.scores, promised, threshold, len(folder.unreadable))
            for folder in junk
        ),
    )


def evaluate_command(  # noqa: PLR0913 - the options of a command
    models: Sequence[Path],
    normal: Path,
    junk: Sequence[Path],
    settings: Settings,
    out: Path | None,
    progress: Progress,
    as_json: bool,
    cluster: str | None = None,
) -> Iterator[str]:
    """Yield what `imgwatch evaluate` says, line by line; with `out`, write plots and mistakes into that folder."""
    from imgwatch.evaluation.evaluation_report import json_of, lines_of, write_evaluation

    scorers = [Scorer(model, settings.threads) for model in models]
    workers = settings.train.workers
    labelled = Labelled(normal, tuple(junk), settings.limits.limits(), workers, cluster)
    evaluations = evaluate(scorers, labelled, settings.threshold, progress)
    page = write_evaluation(evaluations, out, labelled.limits, workers) if out else None
    yield from json_of(evaluations) if as_json else lines_of(evaluations)
    if page and not as_json:
        yield f"{page} written."
