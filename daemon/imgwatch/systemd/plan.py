"""Plan an installation: which unit, which options in its drop-in, which folders it needs. It changes nothing."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import imgwatch
from imgwatch import kind_rules
from imgwatch.errors import ConfigError, InputMissing, UsageError
from imgwatch.settings import Settings, own_file
from imgwatch.systemd import drop_in, sandbox, systemctl
from imgwatch.systemd.drop_in import MARK, DropIn, quoted
from imgwatch.systemd.installed import drop_in_file, socket_file, unit_file

_UNITS = Path(__file__).parent  # the units of systemd/
_STATE = Path("/var/lib")
_KEYS = (".ssh", ".gnupg")
_GALLERY_WORKERS = 5  # thumbnails, pictures that wait, explanations, uploads


@dataclass(frozen=True)
class InstallOptions:
    """The user's choices: the unit's name, its manager, and as which user it runs (None: the owner).

    `of_gallery`: the gallery's service with its socket, instead of the daemon's.
    """

    name: str = "imgwatch"
    for_user: bool = False
    run_as: str | None = None
    of_gallery: bool = False


@dataclass(frozen=True)
class InstallPlan:
    """One unit to install: its file, its drop-in, the folders it needs, and notes for the user."""

    config: Path
    file: Path
    drop_in: str
    user: pwd.struct_passwd
    folders: tuple[Path, ...]  # the user's alone
    destinations: tuple[Path, ...]  # of pictures that are moved by their kind; read by whom the user likes
    notes: tuple[str, ...]
    for_user: bool
    gallery_port: int | None = None  # of the gallery's socket; None: it is the daemon's unit

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.file.name

    @property
    def texts(self) -> dict[Path, str]:
        """The files to write, by path: first the drop-in, which changes nothing in a unit of an earlier version."""
        kind = "imgwatch" if self.gallery_port is None else "imgwatch-review"
        texts = {
            drop_in_file(self.file): self.drop_in,
            self.file: _shipped(f"{kind}-user.service" if self.for_user else f"{kind}.service"),
        }
        if self.gallery_port is not None:
            socket = socket_file(self.file)
            texts[drop_in_file(socket)] = drop_in.socket_drop_in(self.gallery_port)
            texts[socket] = _shipped("imgwatch-review.socket")
        return {file: f"{MARK}{self.config}\n{text}" for file, text in texts.items()}

    @property
    def starts(self) -> str:
        """The unit that is enabled and started: the gallery's socket starts the gallery."""
        return self.name if self.gallery_port is None else socket_file(self.file).name

    @property
    def manager(self) -> systemctl.Manager:
        """The manager that this unit belongs to."""
        return systemctl.Manager(self.for_user)


def plan(settings: Settings, config: Path, model: Path, options: InstallOptions) -> InstallPlan:
    """Return the plan of an installation. Raises ConfigError for what could never work as this user, UsageError."""
    config = config.absolute()
    watched = [watch.path.resolve() for watch in settings.watch]
    user = _user(watched, options.run_as, options.for_user)
    folders = _folders(settings, user, options.for_user)
    is_managed = _is_managed(folders.state) and not options.for_user
    open_to = sandbox.plan(watched, folders.quarantine, folders.others(is_managed), _homes(user))
    needed = [*_files_read(settings, config, model), *watched, folders.quarantine, *folders.others()]
    decided = DropIn(
        config=quoted(config),
        python=quoted(sys.executable),
        user=user.pw_name,
        writable=tuple(quoted(tree) for tree in open_to.trees),
        state_directory=quoted(folders.state.relative_to(_STATE)) if is_managed else "",
        is_home_needed=any(map(sandbox.in_homes, needed)),
        is_tmp_needed=any(path.is_relative_to(tmp) for path in needed for tmp in ("/tmp", "/var/tmp")),
        hidden=tuple(quoted(Path(user.pw_dir) / key) for key in _KEYS),
        memory_megabytes=drop_in.memory_megabytes(
            settings.limits.decode_megabytes, _GALLERY_WORKERS if options.of_gallery else settings.threads
        ),
        watchdog_seconds=drop_in.watchdog_seconds(settings.limits.decode_seconds),
        has_restart_steps=systemctl.version() >= 254,
        metrics_port=None if options.of_gallery else settings.metrics.port,
        sends_messages=settings.notify.is_on and not options.of_gallery,
        is_gallery=options.of_gallery,
    )
    return InstallPlan(
        config=config,
        file=unit_file(options.name, options.for_user),
        drop_in=(drop_in.user_drop_in if options.for_user else drop_in.system_drop_in)(decided),
        user=user,
        folders=(folders.quarantine, folders.state),
        destinations=tuple(folders.destinations),
        notes=(
            *(() if options.for_user else _notes(open_to)),
            *_notes_on_telling(settings, options.of_gallery),
        ),
        for_user=options.for_user,
        gallery_port=settings.review.port if options.of_gallery else None,
    )


class _Folders(NamedTuple):
    """The folders that the service writes, besides the watched ones."""

    quarantine: Path
    state: Path
    figures: Sequence[Path]  # the folder of the metrics' text file, if there is one
    destinations: Sequence[Path]

    def others(self, is_managed: bool = False) -> list[Path]:
        """Return all but the quarantine; without the state folder if it `is_managed`, opened by systemd itself."""
        return [*([] if is_managed else [self.state]), *self.figures, *self.destinations]


def _folders(settings: Settings, user: pwd.struct_passwd, for_user: bool) -> _Folders:
    """Return the folders in the config. Raises ConfigError for those that must not be, or cannot be, opened."""
    quarantine, state = settings.quarantine.path.resolve(), settings.state.resolve()
    destinations = kind_rules.folders_of(settings)
    own = {"quarantine.path": quarantine, "state": state}
    own |= {f"a folder of kinds, {folder.name},": folder for folder in destinations}
    _refuse_foreign_homes(own, user, for_user)
    _refuse_broad(destinations, _homes(user))
    return _Folders(quarantine, state, _folder_of_figures(settings, _homes(user)), destinations)


def _homes(user: pwd.struct_passwd) -> list[Path]:
    return [Path(user.pw_dir), Path("/root")]


def _shipped(name: str) -> str:
    return (_UNITS / name).read_text(encoding="utf-8")


def _is_managed(state: Path) -> bool:
    """Return whether systemd can make the state folder, as StateDirectory=."""
    return state.is_relative_to(_STATE) and state != _STATE


def _files_read(settings: Settings, config: Path, model: Path) -> list[Path]:
    """Return what the service only reads: config, models, URLs, and the folders of the program."""
    models = [own_file(watch.model) for watch in settings.watch if watch.model is not None]
    files = [model, *models, settings.notify.urls_file]
    program = [Path(sys.prefix), Path(sys.base_prefix), Path(imgwatch.__file__).resolve().parent]
    return [config, *(file.resolve() for file in files if file is not None), *program]


def _user(watched: Sequence[Path], run_as: str | None, for_user: bool) -> pwd.struct_passwd:
    if for_user:
        return pwd.getpwuid(os.geteuid())
    if run_as is not None:
        try:
            return pwd.getpwnam(run_as)
        except KeyError as fault:
            raise UsageError(f"--run-as {run_as}: no such user") from fault
    missing = next((folder for folder in watched if not folder.is_dir()), None)
    if missing is not None:
        raise InputMissing(f"{missing}: no such folder to watch; make it, or correct `watch` in the config")
    owners = {folder.stat().st_uid for folder in watched}
    if len(owners) > 1:
        raise UsageError(
            "the watched folders belong to several users: say with --run-as USER who may write them all"
        )
    try:
        return pwd.getpwuid(owners.pop())
    except KeyError as fault:
        raise UsageError(
            "the watched folder belongs to no known user: say with --run-as USER who it is to be"
        ) from fault


def _refuse_foreign_homes(folders: Mapping[str, Path], user: pwd.struct_passwd, for_user: bool) -> None:
    """Raise ConfigError for folders in the home of whoever installs, which the service's user cannot enter."""
    for key, folder in folders.items():
        theirs = sandbox.in_homes(folder) and not folder.is_relative_to(user.pw_dir)
        if theirs and not for_user:
            better = {"state": "/var/lib/imgwatch", "quarantine.path": "/var/lib/imgwatch/quarantine"}.get(
                key, f"{user.pw_dir}/{folder.name}"
            )
            raise ConfigError(
                f"{key} is {folder}, which {user.pw_name}, as whom the service runs, cannot enter; "
                f"set it in the config, for instance to {better}, or use --run-as"
            )


def _refuse_broad(destinations: Sequence[Path], homes: Sequence[Path]) -> None:
    broad = next((folder for folder in destinations if sandbox.is_too_broad(folder, homes)), None)
    if broad is not None:
        raise ConfigError(
            f"kinds: pictures are moved to {broad}, too much to open for writing; name a folder below it with `to`"
        )


def _notes(open_to: sandbox.Writable) -> Iterator[str]:
    yield f"the service may write {', '.join(map(str, open_to.trees))} and nothing else"
    for way in open_to.ways:
        if way.is_rename:
            yield f"{way.watched}: a picture gets into quarantine by a rename"
        else:
            yield f"{way.watched}: a picture gets into quarantine by a verified copy, because {way.why}"


def _folder_of_figures(settings: Settings, homes: Sequence[Path]) -> list[Path]:
    """Return the folder of the metrics' text file, which must be writable to replace that."""
    if settings.metrics.textfile is None:
        return []
    folder = settings.metrics.textfile.parent.resolve()
    if sandbox.is_too_broad(folder, homes):
        raise ConfigError(
            f"metrics.textfile lies in {folder}, too much to open for writing; give it a folder of its own, "
            "such as the one that node_exporter's --collector.textfile.directory names"
        )
    return [folder]


def _notes_on_telling(settings: Settings, of_gallery: bool) -> Iterator[str]:
    if of_gallery:
        yield f"the gallery is on http://127.0.0.1:{settings.review.port}, and starts with the first request"
        return
    if settings.metrics.port is not None:
        yield f"metrics are on http://127.0.0.1:{settings.metrics.port}/metrics, for all users of this machine"
    if settings.notify.is_on:
        yield "messages: the service may reach the network, which it may not without `notify`"
    if settings.hooks.quarantined is not None and not settings.notify.is_on:
        yield "the hook runs in the same sandbox: without network, and it may write no more than the service"
