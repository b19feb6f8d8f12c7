"""The job of a training run: its input, its settings, and its output paths. It trains nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from imgwatch.picture.decoding import Limits
from imgwatch.settings import DEFAULT_IGNORE, ThresholdRule, TrainSettings


@dataclass(frozen=True)
class Job:
    """Train on the pictures below `folders`; write the model to `model`, a draft that then goes to `out`, or to `out`.

    `threshold` overrides the architecture's own rule; what lies at or below a path in `exclude`, or has a
    name that a pattern in `ignore` matches, is left out; `fresh` forgets the checkpoints of an earlier run;
    pictures with a digest in `trusted` are normal however strange they look;
    `cluster` computes the features of a backbone: a scheduler's address, or `local`.
    """

    folders: tuple[Path, ...]
    settings: TrainSettings
    out: Path
    threshold: ThresholdRule | None = None
    exclude: tuple[Path, ...] = ()
    trusted: frozenset[str] = frozenset()
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    limits: Limits = field(default_factory=Limits)
    fresh: bool = False
    model: Path | None = None
    cluster: str | None = None

    @property
    def written(self) -> Path:
        """The file that the model is written to."""
        return self.model or self.out

    @property
    def report_folder(self) -> Path:
        """The folder of the report and its plots, beside the model."""
        return self.out.with_name(f"{self.out.stem}-report")

    @property
    def checkpoint_folder(self) -> Path:
        """The folder of decoded pictures and checkpoints until the model is written."""
        return self.out.with_name(f"{self.out.stem}-checkpoint")
