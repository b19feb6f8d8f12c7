"""Comparison of models on the same pictures: what each would move, by kind, of kept and of quarantined pictures.

It moves nothing, and does not know which model is in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch.errors import InputMissing
from imgwatch.judgement import Judgement, Kind, Verdict
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.outlook import latest
from imgwatch.progress import Progress
from imgwatch.quarantine.view import QuarantineView
from imgwatch.scan import list_pictures
from imgwatch.settings import Settings

LATEST = 300  # pictures of the watched folders, and as many of the quarantine


@dataclass(frozen=True)
class Sample:
    """The pictures that models are compared on."""

    kept: Sequence[Path]
    quarantined: Sequence[Path]


@dataclass(frozen=True)
class Compared:
    """What a model, the file `path`, would move of each part of the sample: how many of which kind.

    `promise`: what it said of pictures that were held out when it was made, if it said that.
    """

    path: Path
    name: str
    kept: Mapping[str, int]
    quarantined: Mapping[str, int]
    promise: str | None

    def facts(self) -> dict[str, object]:
        """Return the comparison as JSON fields."""
        return {
            "file": str(self.path),
            "name": self.name,
            "kept": dict(self.kept),
            "quarantined": dict(self.quarantined),
            "promise": self.promise,
        }


def sample_of(settings: Settings) -> Sample:
    """Return the latest pictures of folders without their own model, and of the quarantine, oldest first."""
    apart = (settings.quarantine.path, settings.state)
    paths: list[Path] = []
    for watch in settings.watch:
        try:
            paths += list_pictures([watch.path], apart, watch.ignore) if watch.model is None else []
        except InputMissing:  # no picture lies there yet
            continue
    quarantine = QuarantineView(settings.quarantine.path)
    quarantined = [quarantine.picture(record) for record in quarantine.list()]
    return Sample(latest(paths, LATEST), quarantined[-LATEST:])


def compare(
    models: Mapping[str, Path], sample: Sample, settings: Settings, progress: Progress
) -> dict[str, Compared]:
    """Return each model's judgements on the sample, by the same names, under the config's threshold and promises.

    Raises ModelError.
    """
    return {name: _compared(model, sample, settings, progress) for name, model in models.items()}


def _compared(model: Path, sample: Sample, settings: Settings, progress: Progress) -> Compared:
    scorer, kept = Scorer(model), frozenset(sample.kept)
    paths = [*sample.kept, *sample.quarantined]
    taken: dict[Path, Judgement] = {}
    limits, promised = settings.limits.limits(), settings.kinds.promised
    with Judge(scorer, settings.threshold, limits, settings.threads, promised=promised) as judge:
        for number, judged in enumerate(judge.judge(paths), 1):
            if judged.judgement.verdict is Verdict.QUARANTINE:
                taken[judged.path] = judged.judgement
            progress(f"compare {model.name}", number, len(paths))
    promise = scorer.contract.training.get("promise")
    return Compared(
        model,
        scorer.name,
        _by_kind(taken, kept),
        _by_kind(taken, taken.keys() - kept),
        str(promise["says"]) if isinstance(promise, Mapping) and "says" in promise else None,
    )


def _by_kind(taken: Mapping[Path, Judgement], paths: Collection[Path]) -> dict[str, int]:
    kinds = (str(judgement.kind or Kind.STRANGER) for path, judgement in taken.items() if path in paths)
    return dict(Counter(kinds).most_common())
