"""What most commands need: the config, and the ledger, the quarantine and the search for copies that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.commands.options import require_existing
from imgwatch.errors import InputMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgwatch.duplicates.finder import Finder
    from imgwatch.duplicates.taking import Duplicates
    from imgwatch.judging import Judge
    from imgwatch.ledger import Ledger
    from imgwatch.model.scorer import Scorer
    from imgwatch.picture.decoder import Decoder
    from imgwatch.quarantine import Quarantine
    from imgwatch.quarantine.volume import Volume
    from imgwatch.scan import Scope
    from imgwatch.settings import Settings


LEDGER = "ledger.sqlite"


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


def normal_folders(folders: list[Path] | None, settings: Settings) -> list[Path]:
    """Return the folders of normal pictures: the named ones, or else the watched ones. Raises InputMissing."""
    named = require_existing([folder.absolute() for folder in folders or []])
    return named or [watch.path for watch in settings.watch]


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
