"""Install and remove the systemd unit of one config: plan, write, verify, enable, and say what was done.

What a unit says is in `unit`, which folders it opens in `sandbox`. It prints nothing: it yields sentences.
"""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imgwatch
from imgwatch.atomic_file import replacing
from imgwatch.errors import CannotCreate, ConfigError, InputMissing, UsageError
from imgwatch.settings import Settings
from imgwatch.systemd import sandbox, systemctl, unit

SYSTEM_UNITS = Path("/etc/systemd/system")
_NAME = re.compile(r"[A-Za-z0-9:_.@-]+")
_STATE = Path("/var/lib")
_KEYS = (".ssh", ".gnupg")


@dataclass(frozen=True)
class InstallOptions:
    """What the user asks for: the unit's name, whose manager it is for, and as whom it runs (None: the owner)."""

    name: str = "imgwatch"
    for_user: bool = False
    run_as: str | None = None


@dataclass(frozen=True)
class InstallPlan:
    """One unit to be installed: where, its text, the folders it needs, and what to tell about it."""

    file: Path
    text: str
    user: pwd.struct_passwd
    folders: tuple[Path, ...]
    notes: tuple[str, ...]
    for_user: bool

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.file.name

    @property
    def manager(self) -> systemctl.Manager:
        """The manager that this unit belongs to."""
        return systemctl.Manager(self.for_user)


def unit_file(name: str, for_user: bool) -> Path:
    """Return where the unit of this name lies."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name}: letters, digits and :_.@- only")
    if not for_user:
        return SYSTEM_UNITS / f"{name}.service"
    folder = _user_units()
    if folder is None:
        raise UsageError("--user: this user has no home folder to keep a unit in; leave --user out")
    return folder / f"{name}.service"


def _user_units() -> Path | None:
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    except RuntimeError:  # no HOME, and no entry in the user database
        return None


def plan(settings: Settings, config: Path, model: Path, options: InstallOptions) -> InstallPlan:
    """Decide all of a unit. Raises ConfigError for what could never work as this user."""
    config = config.absolute()
    watched = [watch.path.resolve() for watch in settings.watch]
    user = _user(watched, options.run_as, options.for_user)
    quarantine, state = settings.quarantine.path.resolve(), settings.state.resolve()
    managed = state.is_relative_to(_STATE) and state != _STATE and not options.for_user
    homes = [Path(user.pw_dir), Path("/root")]
    figures = _folder_of_figures(settings, homes)
    open_to = sandbox.plan(watched, quarantine, figures if managed else [state, *figures], homes)
    _refuse_foreign_homes((quarantine, state), user, options.for_user)
    needed = [
        config,
        model.resolve(),
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(imgwatch.__file__).resolve().parent,
        *watched,
        quarantine,
        state,
        *figures,
    ]
    text = unit.Unit(
        config=unit.quoted(config),
        python=unit.quoted(sys.executable),
        mark=unit.MARK + str(config),
        user=user.pw_name,
        writable=tuple(unit.quoted(tree) for tree in open_to.trees),
        state_directory=unit.quoted(state.relative_to(_STATE)) if managed else "",
        is_home_needed=any(map(sandbox.in_homes, needed)),
        is_tmp_needed=any(path.is_relative_to(tmp) for path in needed for tmp in ("/tmp", "/var/tmp")),
        hidden=tuple(unit.quoted(Path(user.pw_dir) / key) for key in _KEYS),
        memory_megabytes=unit.memory_megabytes(settings.limits.decode_megabytes, settings.threads),
        watchdog_seconds=unit.watchdog_seconds(settings.limits.decode_seconds),
        has_restart_steps=systemctl.version() >= 254,
        metrics_port=settings.metrics.port,
    )
    return InstallPlan(
        file=unit_file(options.name, options.for_user),
        text=unit.user_unit(text) if options.for_user else unit.system_unit(text),
        user=user,
        folders=(quarantine, state),
        notes=(*(() if options.for_user else _notes(open_to)), *_notes_on_telling(settings)),
        for_user=options.for_user,
    )


def install(plan: InstallPlan, *, start: bool) -> Iterator[str]:
    """Carry out a plan, whose folders are there; yields what was done, as it is done."""
    _refuse_to_replace(plan)
    plan.manager.verify(plan.name, plan.text)
    try:
        plan.file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(plan.file) as stream:
            stream.write(plan.text.encode())
    except OSError as fault:
        raise CannotCreate(
            f"{plan.file}: cannot be written: {fault.strerror}; with sudo, or with --user?"
        ) from fault
    yield f"wrote {plan.file}"
    yield from plan.notes
    if not plan.manager.is_running():
        command = " ".join(plan.manager.command("enable", "--now", plan.name))
        yield f"systemd does not run here; where it does: {command}"
        return
    plan.manager.tell("daemon-reload")
    plan.manager.tell("enable", plan.name)
    yield f"enabled {plan.name}: it starts with the {'session' if plan.for_user else 'machine'}"
    if start:
        plan.manager.tell("restart", plan.name)
        yield f"started {plan.name}; look at it with: {' '.join(plan.manager.command('status', plan.name))}"


def uninstall(file: Path, for_user: bool) -> Iterator[str]:
    """Stop, disable and remove one unit that `install` wrote, and nothing else."""
    if not file.exists():
        raise InputMissing(
            f"{file}: no such unit; `imgwatch service uninstall --name NAME` takes another name"
        )
    if config_of(file) is None:
        raise UsageError(f"{file}: not written by `imgwatch service install`, and left alone")
    manager = systemctl.Manager(for_user)
    running = manager.is_running()
    if running:
        manager.tell("disable", "--now", file.name)
        yield f"stopped and disabled {file.name}"
    try:
        file.unlink()
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be removed: {fault.strerror}; with sudo?") from fault
    if running:
        manager.tell("daemon-reload")
    yield f"removed {file}"
    yield "config, state and quarantine are left as they are"


def installed_for(config: Path) -> list[Path]:
    """Return the units that were installed for this config, of the system and of this user."""
    folders = [folder for folder in (SYSTEM_UNITS, _user_units()) if folder is not None]
    return [
        file
        for folder in folders
        for file in sorted(folder.glob("*.service"))
        if config_of(file) == config.absolute()
    ]


def config_of(file: Path) -> Path | None:
    """Return the config that a unit was installed for, None if it is not one of ours."""
    try:
        first = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return None
    return Path(first.removeprefix(unit.MARK)) if first.startswith(unit.MARK) else None


def make_folders(plan: InstallPlan) -> Iterator[str]:
    """Make quarantine and state for the user of the service; hand over what another one made there before."""
    for folder in plan.folders:
        if not folder.exists():
            _make_private(folder, plan.user)
            yield f"made {folder}, for {plan.user.pw_name} alone"
        elif os.geteuid() == 0 and folder.stat().st_uid == 0 and plan.user.pw_uid != 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, plan.user.pw_uid, plan.user.pw_gid, follow_symlinks=False)
            yield f"gave {folder}, which root had made, to {plan.user.pw_name}"


def _make_private(folder: Path, user: pwd.struct_passwd) -> None:
    missing = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    try:
        for ancestor in reversed(missing):
            ancestor.mkdir(mode=0o700 if ancestor == folder else 0o755)
            if os.geteuid() == 0:
                os.chown(ancestor, user.pw_uid, user.pw_gid)
    except OSError as fault:
        raise CannotCreate(f"{folder}: cannot be made: {fault.strerror}") from fault


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


def _refuse_foreign_homes(folders: Sequence[Path], user: pwd.struct_passwd, for_user: bool) -> None:
    """`~` and the defaults mean the home of whoever installs, which the service's user cannot enter."""
    for key, folder in zip(("quarantine.path", "state"), folders, strict=True):
        theirs = sandbox.in_homes(folder) and not folder.is_relative_to(user.pw_dir)
        if theirs and not for_user:
            better = "/var/lib/imgwatch" + ("/quarantine" if key != "state" else "")
            raise ConfigError(
                f"{key} is {folder}, which {user.pw_name}, as whom the service runs, cannot enter; "
                f"set it in the config, for instance to {better}, or use --run-as"
            )


def _notes(open_to: sandbox.Writable) -> Iterator[str]:
    yield f"the service may write {', '.join(map(str, open_to.trees))} and nothing else"
    for way in open_to.ways:
        if way.is_rename:
            yield f"{way.watched}: a picture gets into quarantine by a rename"
        else:
            yield f"{way.watched}: a picture gets into quarantine by a verified copy, because {way.why}"


def _folder_of_figures(settings: Settings, homes: Sequence[Path]) -> list[Path]:
    """Return the folder that the metrics' text file is replaced in: as a whole, it must be writable."""
    if settings.metrics.textfile is None:
        return []
    folder = settings.metrics.textfile.parent.resolve()
    if sandbox.is_too_broad(folder, homes):
        raise ConfigError(
            f"metrics.textfile lies in {folder}, too much to open for writing; give it a folder of its own, "
            "such as the one that node_exporter's --collector.textfile.directory names"
        )
    return [folder]


def _notes_on_telling(settings: Settings) -> Iterator[str]:
    if settings.metrics.port is not None:
        yield f"metrics are on http://127.0.0.1:{settings.metrics.port}/metrics, for all users of this machine"
    if settings.hooks.quarantined is not None:
        yield "the hook runs in the same sandbox: without network, and it may write no more than the service"


def _refuse_to_replace(plan: InstallPlan) -> None:
    if plan.file.exists() and config_of(plan.file) != config_of_text(plan.text):
        raise UsageError(f"{plan.file} is there already, for something else; give another --name")


def config_of_text(text: str) -> Path:
    """Return the config that a unit's text names in its first line."""
    return Path(text.partition("\n")[0].removeprefix(unit.MARK))
