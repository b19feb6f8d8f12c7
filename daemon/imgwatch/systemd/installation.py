"""Install and remove the systemd units of one config: write, verify, enable, and report.

`plan` decides what is written. It prints nothing: it yields sentences.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from imgwatch.atomic_file import replacing
from imgwatch.errors import CannotCreate, InputMissing, UsageError
from imgwatch.systemd import systemctl
from imgwatch.systemd.installed import config_of, drop_in_file, socket_file
from imgwatch.systemd.plan import InstallPlan


def install(plan: InstallPlan, *, start: bool) -> Iterator[str]:
    """Carry out a plan whose folders exist; yield a sentence after each step."""
    for file in plan.texts:
        if file.exists() and config_of(file) != plan.config:
            raise UsageError(f"{file} is there already, for something else; give another --name")
    plan.manager.verify(plan.texts)
    for file, text in plan.texts.items():
        _write(file, text)
        yield f"wrote {file}"
    yield from plan.notes
    if not plan.manager.is_running():
        command = " ".join(plan.manager.command("enable", "--now", plan.starts))
        yield f"systemd does not run here; where it does: {command}"
        return
    plan.manager.tell("daemon-reload")
    plan.manager.tell("enable", plan.starts)
    yield f"enabled {plan.starts}: it starts with the {'session' if plan.for_user else 'machine'}"
    if start:
        if plan.starts != plan.name:
            plan.manager.tell("stop", plan.name)  # a socket is not taken from a service that holds it
        plan.manager.tell("restart", plan.starts)
        yield f"started {plan.starts}; look at it with: {' '.join(plan.manager.command('status', plan.name))}"


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(text.encode())
    except OSError as fault:
        raise CannotCreate(
            f"{file}: cannot be written: {fault.strerror}; with sudo, or with --user?"
        ) from fault


def uninstall(file: Path, for_user: bool) -> Iterator[str]:
    """Stop, disable and remove a unit that `install` wrote, and its socket, and nothing else."""
    if not file.exists():
        raise InputMissing(
            f"{file}: no such unit; `imgwatch service uninstall --name NAME` takes another name"
        )
    if config_of(file) is None:
        raise UsageError(f"{file}: not written by `imgwatch service install`, and left alone")
    units = [unit for unit in (socket_file(file), file) if unit.exists() and config_of(unit) is not None]
    manager = systemctl.Manager(for_user)
    running = manager.is_running()
    if running:
        manager.tell("disable", "--now", *(unit.name for unit in units))
        yield f"stopped and disabled {' and '.join(unit.name for unit in units)}"
    for written in [path for unit in units for path in (unit, drop_in_file(unit))]:
        if config_of(written) is not None:
            _remove(written)
            yield f"removed {written}"
    if running:
        manager.tell("daemon-reload")
    yield "config, state and quarantine are left as they are"


def _remove(file: Path) -> None:
    """Remove a file, and its folder of drop-ins if that is empty then."""
    try:
        file.unlink()
        if file.parent.suffix == ".d" and not any(file.parent.iterdir()):
            file.parent.rmdir()
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be removed: {fault.strerror}; with sudo?") from fault


def make_folders(plan: InstallPlan) -> Iterator[str]:
    """Make quarantine, state and the folders of kinds for the service's user; hand over those that root made."""
    for folder in plan.folders:
        if not folder.exists():
            _make(folder, plan.user, 0o700)
            yield f"made {folder}, for {plan.user.pw_name} alone"
        elif os.geteuid() == 0 and folder.stat().st_uid == 0 and plan.user.pw_uid != 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, plan.user.pw_uid, plan.user.pw_gid, follow_symlinks=False)
            yield f"gave {folder}, which root had made, to {plan.user.pw_name}"
    for folder in plan.destinations:
        if not folder.exists():
            _make(folder, plan.user, 0o755)
            yield f"made {folder}, for pictures that are moved by their kind"


def _make(folder: Path, user: pwd.struct_passwd, mode: int) -> None:
    missing = [ancestor for ancestor in (folder, *folder.parents) if not ancestor.exists()]
    try:
        for ancestor in reversed(missing):
            ancestor.mkdir(mode=mode if ancestor == folder else 0o755)
            if os.geteuid() == 0:
                os.chown(ancestor, user.pw_uid, user.pw_gid)
    except OSError as fault:
        raise CannotCreate(f"{folder}: cannot be made: {fault.strerror}") from fault
