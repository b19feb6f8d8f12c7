"""What can be configured, as frozen objects with their defaults; `config` reads them from YAML.

Every field here is a key of config.yaml. A description says what the user needs to know to set it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from platformdirs import user_data_path, user_state_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from imgwatch.picture import Limits

MAX_FALSE_ALARMS = 0.5


def _expand(value: Any) -> Any:
    return Path(value).expanduser() if isinstance(value, str) else value


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path, or begin with ~")
    return path


Folder = Annotated[Path, BeforeValidator(_expand), AfterValidator(_absolute)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Watch(_Section):
    """One watched folder."""

    path: Folder
    recursive: bool = True
    ignore: tuple[str, ...] = ("*.part", "*.crdownload", "*.tmp", ".*")
    method: Literal["auto", "inotify", "poll"] = "auto"
    existing: Literal["keep", "judge"] = "keep"


class ThresholdRule(_Section):
    """How strange is too strange: exactly one of the keys."""

    false_alarms: Annotated[float, Field(gt=0, le=MAX_FALSE_ALARMS)] | None = None
    mean_plus_std: Annotated[float, Field(allow_inf_nan=False)] | None = None
    score: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise ValueError("give exactly one of false_alarms, mean_plus_std, score")
        return self

    @property
    def rule(self) -> tuple[Literal["false_alarms", "mean_plus_std", "score"], float]:
        """The key that is given, and its value."""
        if self.false_alarms is not None:
            return "false_alarms", self.false_alarms
        if self.mean_plus_std is not None:
            return "mean_plus_std", self.mean_plus_std
        assert self.score is not None
        return "score", self.score


class QuarantineSettings(_Section):
    """Where junk goes and how long it stays there."""

    path: Folder = user_data_path("imgwatch") / "quarantine"
    keep_days: Positive | None = None
    max_gigabytes: Positive | None = None


class LimitSettings(_Section):
    """What one picture may cost."""

    file_megabytes: Positive = 200
    megapixels: Positive = 200
    decode_seconds: Positive = 20
    decode_megabytes: Annotated[int, Field(ge=64)] = 2048

    def limits(self) -> Limits:
        """Return these as what `picture` takes."""
        from imgwatch.picture import Limits  # brings numpy and Pillow, which a config does without

        return Limits(**self.model_dump())


class Breaker(_Section):
    """Stop moving when this share of the last `window` pictures would be quarantined."""

    window: Count = 50
    share: Annotated[float, Field(gt=0, le=1)] = 0.5


def _prom(path: Path) -> Path:
    if path.suffix != ".prom":
        raise ValueError("must end in .prom: node_exporter reads no other file")
    return path


class MetricsSettings(_Section):
    """Figures for Prometheus, off unless one of the two is set: a port of this machine alone, a file."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    textfile: Annotated[Folder, AfterValidator(_prom)] | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether anybody asked for figures."""
        return self.port is not None or self.textfile is not None


class HookSettings(_Section):
    """A command (a list: no shell takes part) that is told on stdin what was quarantined."""

    quarantined: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] | None = None
    seconds_between: Annotated[float, Field(ge=0, le=86400)] = 10
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10


class DenseSettings(_Section):
    """The dense autoencoder: flattened RGB picture, a small latent vector, and back."""

    size: Annotated[int, Field(ge=8, le=1024)] = 128
    hidden: tuple[Count, ...] = (512, 128)
    latent: Count = 32
    epochs: Count = 20
    batch: Count = 32
    learning_rate: Positive = 1e-3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(mean_plus_std=0.5)


class ConvSettings(_Section):
    """The convolutional autoencoder: grey picture, dropout, augmentation, trained subset by subset."""

    size: Annotated[int, Field(ge=16, le=1024)] = 224
    filters: tuple[Count, ...] = (16, 32, 64, 64)
    latent: Count = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    augment: bool = True
    subsets: Count = 10
    subset_pictures: Count = 1000
    misbehaving: Folder | None = None
    misbehaving_per_subset: Count = 50
    epochs: Count = 10
    batch: Count = 64
    learning_rate: Positive = 1e-3
    patience: Count = 3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class PerceptualSettings(_Section):
    """The default: experts over the statistics of a frozen image encoder.

    `backbone`: another encoder than ours; `pseudo_junk`: how many pictures of it are drawn, a third more harmless;
    `most_pictures`: a larger folder is learnt from a sample of so many, so that memory stays bounded;
    `hidden` and `latent`: units of the autoencoders; `epochs`: passes over the folder, 1,000 steps at most.
    """

    backbone: Folder | None = None
    pseudo_junk: Count = 1440
    most_pictures: Count = 10_000
    hidden: Count = 192
    latent: Count = 64
    epochs: Count = 40
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class TrainSettings(_Section):
    """How `imgwatch train` learns."""

    architecture: Literal["perceptual", "dense", "conv"] = "perceptual"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    workers: Count = 2
    dense: DenseSettings = DenseSettings()
    conv: ConvSettings = ConvSettings()
    perceptual: PerceptualSettings = PerceptualSettings()


class Settings(_Section):
    """The whole of config.yaml."""

    watch: Annotated[tuple[Watch, ...], Field(min_length=1)]
    model: Literal["default"] | Folder = "default"
    threshold: ThresholdRule | None = None
    mode: Literal["quarantine", "report"] = "quarantine"
    unreadable: Literal["keep", "quarantine"] = "keep"
    quarantine: QuarantineSettings = QuarantineSettings()
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 1.0
    scan_minutes: Positive = 60
    limits: LimitSettings = LimitSettings()
    breaker: Breaker = Breaker()
    state: Folder = user_state_path("imgwatch")
    threads: Count = 1
    metrics: MetricsSettings = MetricsSettings()
    hooks: HookSettings = HookSettings()
    train: TrainSettings = TrainSettings()
