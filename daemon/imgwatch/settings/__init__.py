"""What can be configured, as frozen objects with their defaults; `config` reads them from YAML.

Every field here is a key of config.yaml. A description says what the user needs to know to set it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta
from platformdirs import user_data_path, user_state_path

from imgwatch.settings.duplicates import DuplicateSettings
from imgwatch.settings.kinds import KindSettings
from imgwatch.settings.notify import NotifySettings
from imgwatch.settings.review import ReviewSettings
from imgwatch.settings.section import (
    DEFAULT_MODEL,
    HOMELESS,
    LARGEST,
    MAX_FALSE_ALARMS,
    Count,
    Device,
    Duration,
    Finite,
    ModelFile,
    Positive,
    Section,
    TextFilePath,
    checked,
    plain,
    usual,
)
from imgwatch.settings.threshold import ThresholdRule
from imgwatch.settings.training import ConvSettings, DenseSettings, PerceptualSettings, TrainSettings

if TYPE_CHECKING:
    from imgwatch.picture.decoding import Limits

__all__ = [
    "DEFAULT_IGNORE",
    "HOMELESS",
    "LARGEST",
    "MAX_FALSE_ALARMS",
    "BreakerSettings",
    "ConvSettings",
    "DenseSettings",
    "Device",
    "DuplicateSettings",
    "Duration",
    "Finite",
    "HookSettings",
    "LimitSettings",
    "MetricsSettings",
    "ModelFile",
    "NotifySettings",
    "PerceptualSettings",
    "QuarantineSettings",
    "ReviewSettings",
    "Section",
    "Settings",
    "ThresholdRule",
    "TrainSettings",
    "Watch",
    "checked",
    "own_file",
    "plain",
]

DEFAULT_IGNORE = (  # what these are, config.yaml says
    ".*", "*~", "*.bak",
    "*.part", "*.partial", "*.filepart", "*.tmp", "*.crdownload", "*.download", "*.opdownload", "*.!ut", "*.aria2",
    "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot",
    "$RECYCLE.BIN", "System Volume Information", "lost+found",
)  # fmt: skip


class Watch(Section, frozen=True):
    """One watched folder; `ignore` holds patterns as in .gitignore, see the module of that name.

    `model` and `threshold`: its own, instead of those for all folders.
    """

    path: Path
    recursive: bool = True
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    method: Literal["auto", "inotify", "poll"] = "auto"
    existing: Literal["keep", "judge"] = "keep"
    model: ModelFile | None = None
    threshold: ThresholdRule | None = None


class QuarantineSettings(Section, frozen=True):
    """Where junk goes and how long it stays there."""

    path: Path = usual(user_data_path) / "quarantine"
    keep_days: Positive | None = None
    max_gigabytes: Positive | None = None


class LimitSettings(Section, frozen=True):
    """What one picture may cost."""

    file_megabytes: Positive = 200
    megapixels: Positive = 200
    decode_seconds: Positive = 20
    decode_megabytes: Annotated[int, Meta(ge=64)] = 2048

    def limits(self, *, follows_links: bool = True) -> "Limits":
        """Return the limits for `picture`. `follows_links`: whether a path may lead through symlinks."""
        from imgwatch.picture.decoding import Limits  # brings numpy and Pillow, which a config does without

        return Limits(**msgspec.structs.asdict(self), follows_links=follows_links)


class BreakerSettings(Section, frozen=True):
    """Stop moving when this share of the last `window` pictures would be quarantined."""

    window: Count = 50
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5


class MetricsSettings(Section, frozen=True):
    """Metrics for Prometheus, off unless one of the two is set: a port of this machine alone, a file."""

    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    textfile: TextFilePath | None = None

    @property
    def is_on(self) -> bool:
        """Return whether metrics are wanted."""
        return self.port is not None or self.textfile is not None


class HookSettings(Section, frozen=True):
    """A command (a list, without a shell) that gets the quarantined pictures on stdin."""

    quarantined: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)] | None = None
    seconds_between: Annotated[float, Meta(ge=0, le=86400)] = 10
    timeout_seconds: Annotated[float, Meta(gt=0, le=600)] = 10


class Settings(Section, frozen=True):
    """The whole of config.yaml."""

    watch: Annotated[tuple[Watch, ...], Meta(min_length=1)]
    model: ModelFile = ModelFile(DEFAULT_MODEL)
    threshold: ThresholdRule | None = None
    mode: Literal["auto", "quarantine", "report"] = "auto"
    unreadable: Literal["keep", "quarantine"] = "keep"
    kinds: KindSettings = KindSettings()
    duplicates: DuplicateSettings = DuplicateSettings()
    companions: Literal["together", "alone"] = "together"
    quarantine: QuarantineSettings = QuarantineSettings()
    settle_seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    minimum_age: Duration | None = None
    scan_minutes: Positive = 60
    limits: LimitSettings = LimitSettings()
    breaker: BreakerSettings = BreakerSettings()
    state: Path = usual(user_state_path)
    threads: Count = 1
    device: Device = "auto"
    metrics: MetricsSettings = MetricsSettings()
    hooks: HookSettings = HookSettings()
    notify: NotifySettings = NotifySettings()
    review: ReviewSettings = ReviewSettings()
    train: TrainSettings = TrainSettings()

    @property
    def minimum_age_seconds(self) -> float:
        """The seconds for which a picture lies in its folder before it is judged."""
        return 0.0 if self.minimum_age is None else self.minimum_age.seconds

    @property
    def waits_for_own_model(self) -> bool:
        """Return whether the general model only reports: it keeps no promise, unless the user has set a score."""
        is_promise = self.threshold is None or self.threshold.false_alarms is not None
        return self.mode == "auto" and is_promise

    @property
    def what_auto_moves(self) -> str:
        """Return in words what is moved while the general model only reports: copies, which no model finds."""
        return "nothing but copies" if self.duplicates.action == "quarantine" else "nothing"

    @property
    def own_model(self) -> Path | None:
        """The user's own model file; None for the general one."""
        return own_file(self.model)


def own_file(model: ModelFile) -> Path | None:
    """Return the user's own model file; None for the general one."""
    return model if model.is_absolute() else None
