"""What most commands need: the config, and the ledger, quarantine and models that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.errors import InputMissing, ModelError, UsageError
from imgwatch.version import GENERAL_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgwatch.duplicates.finder import Finder
    from imgwatch.duplicates.taking import Duplicates
    from imgwatch.judges import Judges, ModelChoice
    from imgwatch.judging import Judge
    from imgwatch.ledger import Ledger
    from imgwatch.model.scorer import Scorer
    from imgwatch.picture.decoder import Decoder
    from imgwatch.quarantine import Quarantine
    from imgwatch.quarantine.volume import Volume
    from imgwatch.scan import Scope
    from imgwatch.settings import ModelFile, Settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The config file to use.", metavar="FILE")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override one key of the config, such as train.dense.latent=16.", metavar="KEY=VALUE"
    ),
]

YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
FoldersOption = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders of normal pictures; default: the watched ones.", metavar="DIR..."),
]

LEDGER = "ledger.sqlite"
DEFAULT_MODEL = Path(GENERAL_MODEL)


def load_settings(config: Path | None, overrides: list[str] | None = None) -> Settings:
    """Return the checked settings of the config. Raises InputMissing, ConfigError."""
    from imgwatch.config import find_config, load_config

    return load_config(find_config(config), tuple(overrides or ()))


def settings_without_config(config: Path | None, overrides: list[str] | None = None) -> Settings:
    """Return the config's settings, or the defaults without a config: commands with folders as arguments need none."""
    from imgwatch.config import parse_config

    try:
        return load_settings(config, overrides)
    except InputMissing:
        if config is not None:
            raise
        return parse_config("watch: [{path: /}]", "the defaults", tuple(overrides or ()))


def model_path(settings: Settings) -> Path:
    """Return the model file that the config names."""
    return settings.own_model or DEFAULT_MODEL


def model_of(model: ModelFile | None, settings: Settings) -> Path:
    """Return the model file of a folder: its own, or else that of all folders."""
    from imgwatch.settings import own_file

    return model_path(settings) if model is None else own_file(model) or DEFAULT_MODEL


def normal_folders(folders: list[Path] | None, settings: Settings) -> list[Path]:
    """Return the folders of normal pictures: the named ones, or else the watched ones. Raises InputMissing."""
    named = require_existing([folder.absolute() for folder in folders or []])
    return named or [watch.path for watch in settings.watch]


def models_of_folders(settings: Settings) -> dict[Path, ModelChoice]:
    """Return the choices of watched folders with their own model, threshold, or both."""
    from imgwatch.judges import ModelChoice

    return {
        watch.path.resolve(): ModelChoice(
            model_of(watch.model, settings), watch.threshold or settings.threshold, settings.kinds.promised
        )
        for watch in settings.watch
        if watch.model is not None or watch.threshold is not None
    }


def main_model(settings: Settings) -> ModelChoice:
    """Return the model of all folders without their own, with its threshold and the promises of kinds."""
    from imgwatch.judges import ModelChoice

    return ModelChoice(model_path(settings), settings.threshold, settings.kinds.promised)


def open_judges(settings: Settings) -> Judges:
    """Open the models of all folders with their thresholds."""
    from imgwatch.judges import Judges
    from imgwatch.model.tried_models import TriedModels

    limits, tried = settings.limits.limits(), TriedModels(settings.state)
    with naming_way_out(settings):
        return Judges(
            main_model(settings),
            models_of_folders(settings),
            limits,
            settings.threads,
            tried,
            settings.device,
        )


@contextmanager
def naming_way_out(settings: Settings) -> Iterator[None]:
    """Add to a ModelError about a file that the config names how to go on without it."""
    try:
        yield
    except ModelError as fault:
        if settings.own_model is None and not models_of_folders(settings):
            raise
        raise ModelError(f"{fault}. set `model: default` in the config to use the general one") from fault


def open_judge(settings: Settings, workers: int | None = None) -> Judge:
    """Open the config's model with its threshold."""
    from imgwatch.model.scorer import Scorer
    from imgwatch.model.tried_models import TriedModels

    seconds, tried = settings.limits.decode_seconds, TriedModels(settings.state)
    with naming_way_out(settings):
        scorer = Scorer(model_path(settings), seconds=seconds, tried=tried, device=settings.device)
        return judge_of(scorer, settings, workers)


def judge_of(scorer: Scorer, settings: Settings, workers: int | None = None) -> Judge:
    """Return a judge with the model of this scorer, and the config's threshold and promises."""
    from imgwatch.judging import Judge

    return Judge(
        scorer,
        settings.threshold,
        settings.limits.limits(),
        workers or settings.threads,
        promised=settings.kinds.promised,
    )


@contextmanager
def open_ledger(settings: Settings, name: str = LEDGER, is_daemon: bool = False) -> Iterator[Ledger]:
    """Yield an open ledger; while a daemon runs, only the daemon sets a damaged one aside."""
    from imgwatch.ledger import Ledger
    from imgwatch.private_folder import opened_private
    from imgwatch.status import STATE_MARKS, is_held

    with suppress(FileNotFoundError), opened_private(settings.state, STATE_MARKS):
        pass  # one that is not there is made, and then is this user's own
    ledger = Ledger(settings.state / name, mend=is_daemon or not is_held(settings.state))
    try:
        yield ledger
    finally:
        ledger.close()


def open_quarantine(settings: Settings, ledger: Ledger | None = None) -> Quarantine:
    """Return the quarantine; pictures may go back to watched folders, and to folders that were rescanned by name."""
    from imgwatch.quarantine import Quarantine
    from imgwatch.quarantine.signing_key import NAME as KEY_NAME
    from imgwatch.quarantine.signing_key import SigningKey

    roots = [watch.path for watch in settings.watch]
    key = SigningKey(settings.state / KEY_NAME)
    if ledger is None:
        return Quarantine(settings.quarantine.path, roots, key=key)
    volume = volume_of(settings.quarantine.path, ledger)
    return Quarantine(settings.quarantine.path, roots + ledger.rescanned(), volume=volume, key=key)


def volume_of(quarantine: Path, ledger: Ledger) -> Volume:
    """Return the volume of the quarantine, remembered in the ledger."""
    from imgwatch.quarantine.volume import Volume

    facts = ledger.facts
    return Volume(
        quarantine, lambda: facts.volume(quarantine), lambda device: facts.put_volume(quarantine, device)
    )


def compared_scopes(settings: Settings) -> list[Scope]:
    """Return the scopes to search for copies: the watched folders, and those of `duplicates.reference`."""
    from dataclasses import replace

    from imgwatch.settings import DEFAULT_IGNORE
    from imgwatch.watching.roots import scopes_of

    watched = scopes_of(settings)
    folders = require_existing([folder.resolve() for folder in settings.duplicates.reference])
    references = [replace(watched[0], root=root, recursive=True, ignore=DEFAULT_IGNORE) for root in folders]
    return watched + [
        reference for reference in references if not any(reference.root == scope.root for scope in watched)
    ]


def open_finder(
    settings: Settings,
    ledger: Ledger,
    decoder: Callable[[], Decoder],
    loaded: Callable[[], Iterable[Scorer]] = tuple,
) -> Finder:
    """Return a finder of copies, by the embeddings of the general model, which is loaded unless `loaded` has it."""
    from imgwatch.duplicates.finder import Finder
    from imgwatch.model.scorer import Scorer

    def general() -> Scorer:
        shared = next((scorer for scorer in loaded() if scorer.path == DEFAULT_MODEL), None)
        return shared or Scorer(DEFAULT_MODEL, seconds=settings.limits.decode_seconds)

    return Finder(ledger, decoder, general, settings.duplicates.reference)


def open_duplicates(
    settings: Settings, ledger: Ledger, judges: Callable[[], Sequence[Judge]]
) -> Duplicates | None:
    """Return the search for copies among pictures that these judges call normal; None unless the config wants it."""
    if not settings.duplicates.is_on:
        return None
    from imgwatch.duplicates.taking import Duplicates

    scopes = compared_scopes(settings)
    finder = open_finder(
        settings, ledger, lambda: judges()[0].decoder, lambda: (judge.scorer for judge in judges())
    )
    return Duplicates(finder, ledger, scopes)


def confirm(question: str, is_agreed: bool) -> None:
    """Ask before something that is hard to undo. Raises UsageError if nobody can be asked, and for a no."""
    if is_agreed:
        return
    if not console.is_interactive():
        raise UsageError(f"{question} There is no terminal to ask on: add --yes to confirm")
    if not console.agrees(question):
        raise UsageError("nothing was done")


def require_existing(paths: list[Path]) -> list[Path]:
    """Return the paths unchanged. Raises InputMissing for the first that does not exist."""
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InputMissing(f"{path}: no such file or folder")
    return paths
