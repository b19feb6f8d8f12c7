"""Score the pictures of labelled folders: the same pictures for all models, decoded as by the daemon.

It measures nothing; `evaluate` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from imgwatch.batches import batched
from imgwatch.errors import InputMissing
from imgwatch.judgement import Judgement, Kind
from imgwatch.model.scorer import Floats, Scorer
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Pixels, Shape
from imgwatch.progress import Progress
from imgwatch.scan import identity_of, list_pictures
from imgwatch.settings import DEFAULT_IGNORE
from imgwatch.wording import sentence

_BATCH = 16


@dataclass(frozen=True)
class Labelled:
    """What to measure on: a folder of normal pictures that no model was trained on, and folders of junk.

    `kinds` names the kind of junk in some of these folders.
    """

    normal: Path
    junk: tuple[Path, ...]
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    cluster: str | None = None  # score on this Dask cluster instead: a scheduler's address, or `local`
    kinds: Mapping[Path, Kind] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoredFolder:
    """The pictures of one folder, as one model scores them: `scores` [N] and `parts` [N, K] belong to `paths`."""

    path: Path
    paths: list[Path]
    scores: Floats
    parts: Floats
    unreadable: dict[Path, str]


ByFolder = dict[Path, ScoredFolder]


def score_folders(scorers: Sequence[Scorer], labelled: Labelled, progress: Progress) -> list[ByFolder]:
    """Return each model's scores of every folder. Each picture is decoded once for all models of one shape.

    Raises InputMissing if a folder is missing or holds no readable picture.
    """
    folders = (labelled.normal, *labelled.junk)
    listed = {folder: list_pictures([folder], (), DEFAULT_IGNORE) for folder in folders}
    if labelled.cluster:
        return _score_on_cluster(labelled.cluster, scorers, listed, labelled.limits, progress)
    scored: list[ByFolder] = [{} for _ in scorers]
    for shape in dict.fromkeys(scorer.contract.shape for scorer in scorers):
        numbers = [number for number, scorer in enumerate(scorers) if scorer.contract.shape == shape]
        of_shape = _score_here([scorers[number] for number in numbers], shape, listed, labelled, progress)
        for number, by_folder in zip(numbers, of_shape, strict=True):
            scored[number] = by_folder
    return scored


def _score_here(
    scorers: Sequence[Scorer],
    shape: Shape,
    listed: Mapping[Path, list[Path]],
    labelled: Labelled,
    progress: Progress,
) -> list[ByFolder]:
    """Decode every folder once for this shape and score it by each model."""
    scored: list[ByFolder] = [{} for _ in scorers]
    done, total = 0, sum(map(len, listed.values()))
    with Decoder(shape, labelled.limits, labelled.workers) as decoder:
        for folder, paths in listed.items():
            unreadable: dict[Path, str] = {}
            readable: list[Path] = []
            numbers: list[list[tuple[Floats, Floats]]] = [[] for _ in scorers]
            for batch in batched(_readable(decoder, paths, unreadable), _BATCH):
                readable += [path for path, _ in batch]
                pictures = np.stack([pixels for _, pixels in batch])
                for scorer, so_far in zip(scorers, numbers, strict=True):
                    so_far.append(scorer.score(pictures))
                progress("score", done + len(readable) + len(unreadable), total)
            done += len(paths)
            _require_readable(folder, readable, paths)
            for by_folder, so_far in zip(scored, numbers, strict=True):
                scores, parts = (np.concatenate(column) for column in zip(*so_far, strict=True))
                by_folder[folder] = ScoredFolder(folder, readable, scores, parts, unreadable)
    return scored


def _readable(
    decoder: Decoder, paths: Iterable[Path], unreadable: dict[Path, str]
) -> Iterator[tuple[Path, Pixels]]:
    """Yield paths with pixels [H, W, C]; note in `unreadable` what cannot be decoded, and why."""
    for path, outcome in decoder.decode(paths):
        if isinstance(outcome, Decoded):
            yield path, outcome.pixels
        else:
            unreadable[path] = "vanished" if isinstance(outcome, OSError) else str(outcome)


def _score_on_cluster(
    address: str,
    scorers: Sequence[Scorer],
    listed: Mapping[Path, list[Path]],
    limits: Limits,
    progress: Progress,
) -> list[ByFolder]:
    """Decode and score every folder on a cluster, once for each model."""
    from imgwatch.cluster.dask_cluster import Cluster
    from imgwatch.cluster.judging import JudgeKit, judge_on

    scored: list[ByFolder] = [{} for _ in scorers]
    done, total = 0, len(scorers) * sum(map(len, listed.values()))
    with Cluster(address) as cluster:
        for scorer, by_folder in zip(scorers, scored, strict=True):
            kit = JudgeKit.of(scorer, None, limits)
            for folder, paths in listed.items():
                lying = ((path, identity) for path in paths if (identity := identity_of(path)) is not None)
                judgements = {}
                for judged in judge_on(cluster, kit, lying):
                    judgements[judged.path] = judged.judgement
                    progress("score", done + len(judgements), total)
                done += len(paths)
                by_folder[folder] = _from_judgements(folder, paths, judgements)
    return scored


def _from_judgements(
    folder: Path, paths: Sequence[Path], judgements: Mapping[Path, Judgement]
) -> ScoredFolder:
    scores = {path: judgements[path].score for path in paths if path in judgements}
    readable = [path for path, score in scores.items() if score is not None]
    parts = [list(judgements[path].parts.values()) for path in readable]
    unreadable = {
        path: sentence(judgements[path].reason) if path in judgements else "vanished"
        for path in paths
        if scores.get(path) is None
    }
    _require_readable(folder, readable, paths)
    return ScoredFolder(
        folder,
        readable,
        np.array([scores[path] for path in readable], np.float32),
        np.array(parts, np.float32),
        unreadable,
    )


def _require_readable(folder: Path, readable: Sequence[Path], paths: Sequence[Path]) -> None:
    if not readable:
        raise InputMissing(f"{folder}: none of its {len(paths)} pictures can be read")
