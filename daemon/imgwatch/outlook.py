"""What a fitted model would move of the pictures in a folder, by promise and by kind, before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from imgwatch.calibration.calibrated import Calibrated
from imgwatch.judgement import Kind, Verdict
from imgwatch.judging import Judge
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.progress import Progress
from imgwatch.settings import Device, ThresholdRule
from imgwatch.standard import Standard

_LOOSEST = 0.5  # the largest promise that a config takes
MOST_PICTURES = 1000  # of a folder: the latest


@dataclass(frozen=True)
class Stranger:
    """A picture that the loosest promise would move."""

    path: Path
    score: float
    kind: Kind | None


@dataclass(frozen=True)
class Outlook:
    """What of so many `pictures` in the watched folder would be moved, strangest first."""

    pictures: int
    strangers: tuple[Stranger, ...]

    def moved_at(self, threshold: float) -> Sequence[Stranger]:
        """Return the pictures above a threshold, strangest first."""
        return [stranger for stranger in self.strangers if stranger.score > threshold]


def look_ahead(  # noqa: PLR0913 - what the config says of judging
    fitted: Calibrated,
    paths: Sequence[Path],
    limits: Limits,
    threads: int,
    progress: Progress,
    device: Device = "cpu",
) -> Outlook:
    """Judge pictures of the watched folder; those that the model was fitted to, each as if it had not seen it."""
    loosest = fitted.contract.calibration.threshold_for(_LOOSEST)
    known = set(fitted.paths)
    others = latest([path for path in paths if path not in known], MOST_PICTURES)
    strangers = _among_fitted(fitted, set(paths), loosest)
    if others:  # else the model need not be written and loaded
        with TemporaryDirectory(prefix="imgwatch-") as folder:
            draft = Path(folder) / "draft.onnx"
            fitted.write(draft)
            scorer = Scorer(draft, tried=None, device=device)  # to write it, it was run here
            with Judge(scorer, ThresholdRule(score=loosest), limits, threads) as judge:
                for number, judged in enumerate(judge.judge(others), 1):
                    judgement = judged.judgement
                    if judgement.verdict is Verdict.QUARANTINE and judgement.score is not None:
                        strangers.append(Stranger(judged.path, judgement.score, judgement.kind))
                    progress("look ahead", number, len(others))
    strangers.sort(key=lambda stranger: -stranger.score)
    return Outlook(len(others) + len(known & set(paths)), tuple(strangers))


def latest(paths: Sequence[Path], most: int) -> list[Path]:
    """Return the `count` files that were changed last, oldest first."""
    return sorted(paths, key=_changed_at)[-most:]


def _among_fitted(fitted: Calibrated, wanted: set[Path], threshold: float) -> list[Stranger]:
    standard = Standard(fitted.contract, "", threshold)
    rows = zip(fitted.paths, fitted.scores.tolist(), fitted.parts.tolist(), strict=True)
    return [
        Stranger(path, score, standard.strongest(parts).kind)
        for path, score, parts in rows
        if path in wanted and score > threshold
    ]


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
