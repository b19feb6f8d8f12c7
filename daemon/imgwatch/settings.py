"""What can be configured, as frozen objects with their defaults; `config` reads them from YAML.

Every field here is a key of config.yaml. A description says what the user needs to know to set it.
"""

import sys
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from platformdirs import user_data_path, user_state_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgwatch.picture.decoding import Limits

MAX_FALSE_ALARMS = 0.5
DEFAULT_MODEL = "default"
DEFAULT_IGNORE = (  # what these are, config.yaml says
    ".*", "*~", "*.bak",
    "*.part", "*.partial", "*.filepart", "*.tmp", "*.crdownload", "*.download", "*.opdownload", "*.!ut", "*.aria2",
    "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot",
    "$RECYCLE.BIN", "System Volume Information", "lost+found",
)  # fmt: skip
LARGEST = sys.float_info.max  # no infinity

Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Checked = TypeVar("Checked")


class ModelFile(PosixPath):
    """A model file of the user's own, or the word `default` for the one that ships."""


class TextFilePath(PosixPath):
    """A file of figures for node_exporter."""


def checked(tree: Any, kind: type[Checked]) -> Checked:
    """Return a tree of YAML or JSON as what it describes. Raises msgspec.ValidationError with the first fault.

    Only what comes through here is checked: objects that are made by calling their class are not.
    """
    return msgspec.convert(tree, kind, dec_hook=_path)


HOMELESS = Path("/no/home/folder")  # stands for the home of a user who has none: such a path must be set


def plain(section: "Section") -> dict[str, Any]:
    """Return a section as YAML or JSON has it."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(section, enc_hook=str))
    return values


def _path(kind: type[Path], value: Any) -> Path:
    """Read a path: absolute, or below a home."""
    if not isinstance(value, str):
        raise ValueError("must be a path")
    if kind is ModelFile and value == DEFAULT_MODEL:
        return ModelFile(value)
    try:
        path = kind(value).expanduser()
    except RuntimeError as fault:  # no such user
        raise ValueError("this home is not known") from fault
    if not path.is_absolute():
        raise ValueError("must be an absolute path, or begin with ~")
    if kind is TextFilePath and path.suffix != ".prom":
        raise ValueError("must end in .prom: node_exporter reads no other file")
    return path


def _usual(folder_of: "Callable[[str], Path]") -> Path:
    """Return where a user's files of this program belong; below HOMELESS for a user without a home."""
    try:
        return folder_of("imgwatch")
    except RuntimeError:
        return HOMELESS / "imgwatch"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mapping of the config."""


class Watch(Section, frozen=True):
    """One watched folder; `ignore` holds patterns as in .gitignore, see the module of that name."""

    path: Path
    recursive: bool = True
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    method: Literal["auto", "inotify", "poll"] = "auto"
    existing: Literal["keep", "judge"] = "keep"


class ThresholdRule(Section, frozen=True):
    """How strange is too strange: exactly one of the keys."""

    false_alarms: Annotated[float, Meta(gt=0, le=MAX_FALSE_ALARMS)] | None = None
    mean_plus_std: Finite | None = None
    score: Finite | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.false_alarms, self.mean_plus_std, self.score)) != 1:
            raise ValueError("give exactly one of false_alarms, mean_plus_std, score")

    @property
    def rule(self) -> tuple[Literal["false_alarms", "mean_plus_std", "score"], float]:
        """The key that is given, and its value."""
        if self.false_alarms is not None:
            return "false_alarms", self.false_alarms
        if self.mean_plus_std is not None:
            return "mean_plus_std", self.mean_plus_std
        assert self.score is not None
        return "score", self.score


class QuarantineSettings(Section, frozen=True):
    """Where junk goes and how long it stays there."""

    path: Path = _usual(user_data_path) / "quarantine"
    keep_days: Positive | None = None
    max_gigabytes: Positive | None = None


class LimitSettings(Section, frozen=True):
    """What one picture may cost."""

    file_megabytes: Positive = 200
    megapixels: Positive = 200
    decode_seconds: Positive = 20
    decode_megabytes: Annotated[int, Meta(ge=64)] = 2048

    def limits(self, *, follows_links: bool = True) -> "Limits":
        """Return these as what `picture` takes. `follows_links`: whether a path may lead through symlinks."""
        from imgwatch.picture.decoding import Limits  # brings numpy and Pillow, which a config does without

        return Limits(**msgspec.structs.asdict(self), follows_links=follows_links)


class BreakerSettings(Section, frozen=True):
    """Stop moving when this share of the last `window` pictures would be quarantined."""

    window: Count = 50
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5


class MetricsSettings(Section, frozen=True):
    """Figures for Prometheus, off unless one of the two is set: a port of this machine alone, a file."""

    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    textfile: TextFilePath | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether anybody asked for figures."""
        return self.port is not None or self.textfile is not None


class HookSettings(Section, frozen=True):
    """A command (a list: no shell takes part) that is told on stdin what was quarantined."""

    quarantined: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)] | None = None
    seconds_between: Annotated[float, Meta(ge=0, le=86400)] = 10
    timeout_seconds: Annotated[float, Meta(gt=0, le=600)] = 10


class DenseSettings(Section, frozen=True):
    """The dense autoencoder: flattened RGB picture, a small latent vector, and back."""

    size: Annotated[int, Meta(ge=8, le=1024)] = 128
    hidden: tuple[Count, ...] = (512, 128)
    latent: Count = 32
    epochs: Count = 20
    batch: Count = 32
    learning_rate: Positive = 1e-3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(mean_plus_std=0.5)


class ConvSettings(Section, frozen=True):
    """The convolutional autoencoder: grey picture, dropout, augmentation, trained subset by subset."""

    size: Annotated[int, Meta(ge=16, le=1024)] = 224
    filters: tuple[Count, ...] = (16, 32, 64, 64)
    latent: Count = 32
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.2
    augment: bool = True
    subsets: Count = 10
    subset_pictures: Count = 1000
    misbehaving: Path | None = None
    misbehaving_per_subset: Count = 50
    epochs: Count = 10
    batch: Count = 64
    learning_rate: Positive = 1e-3
    patience: Count = 3
    held_out: Share = 0.2
    validation: Share = 0.1
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class PerceptualSettings(Section, frozen=True):
    """The default: experts over the statistics of a frozen image encoder.

    `backbone`: another encoder than ours; `pseudo_junk`: how many pictures of it are drawn, a third more harmless;
    `most_pictures`: a larger folder is learned from a sample of so many, so that memory stays bounded;
    `hidden` and `latent`: units of the autoencoders; `epochs`: passes over the folder, 1,000 steps at most.
    """

    backbone: Path | None = None
    pseudo_junk: Count = 1440
    most_pictures: Count = 10_000
    hidden: Count = 192
    latent: Count = 64
    epochs: Count = 40
    threshold: ThresholdRule = ThresholdRule(false_alarms=0.01)


class TrainSettings(Section, frozen=True):
    """How `imgwatch train` learns."""

    architecture: Literal["perceptual", "dense", "conv"] = "perceptual"
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    workers: Count = 2
    dense: DenseSettings = DenseSettings()
    conv: ConvSettings = ConvSettings()
    perceptual: PerceptualSettings = PerceptualSettings()


class Settings(Section, frozen=True):
    """The whole of config.yaml."""

    watch: Annotated[tuple[Watch, ...], Meta(min_length=1)]
    model: ModelFile = ModelFile(DEFAULT_MODEL)
    threshold: ThresholdRule | None = None
    mode: Literal["quarantine", "report"] = "quarantine"
    unreadable: Literal["keep", "quarantine"] = "keep"
    companions: Literal["together", "alone"] = "together"
    quarantine: QuarantineSettings = QuarantineSettings()
    settle_seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0
    scan_minutes: Positive = 60
    limits: LimitSettings = LimitSettings()
    breaker: BreakerSettings = BreakerSettings()
    state: Path = _usual(user_state_path)
    threads: Count = 1
    metrics: MetricsSettings = MetricsSettings()
    hooks: HookSettings = HookSettings()
    train: TrainSettings = TrainSettings()

    @property
    def own_model(self) -> Path | None:
        """The model file of the user's own; None for the one that ships."""
        return self.model if self.model.is_absolute() else None
