"""The installed units: where they are, and for which config. It changes nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from imgwatch.errors import UsageError
from imgwatch.systemd.drop_in import MARK

SYSTEM_UNITS = Path("/etc/systemd/system")
_NAME = re.compile(r"[A-Za-z0-9:_.@-]+")


def unit_file(name: str, for_user: bool) -> Path:
    """Return the file of the unit of this name. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name}: letters, digits and :_.@- only")
    if not for_user:
        return SYSTEM_UNITS / f"{name}.service"
    folder = _user_units()
    if folder is None:
        raise UsageError("--user: this user has no home folder to keep a unit in; leave --user out")
    return folder / f"{name}.service"


def drop_in_file(unit: Path) -> Path:
    """Return the file of a unit's drop-in."""
    return unit.with_name(f"{unit.name}.d") / "10-config.conf"


def socket_file(unit: Path) -> Path:
    """Return the file of the socket of a gallery's service."""
    return unit.with_suffix(".socket")


def _user_units() -> Path | None:
    try:
        return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
    except RuntimeError:  # no HOME, and no entry in the user database
        return None


def installed_for(config: Path) -> list[Path]:
    """Return the daemon's units that were installed for this config, of the system and of this user."""
    folders = [folder for folder in (SYSTEM_UNITS, _user_units()) if folder is not None]
    return [
        file
        for folder in folders
        for file in sorted(folder.glob("*.service"))
        if config_of(file) == config.absolute() and not socket_file(file).exists()
    ]


def config_of(file: Path) -> Path | None:
    """Return the config that a unit or drop-in was installed for; None if it is not one of ours."""
    try:
        first = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return None
    return Path(first.removeprefix(MARK)) if first.startswith(MARK) else None


def text_of(unit: Path) -> str:
    """Return the text of a unit and its drop-ins, in the order in which systemd reads them."""
    drop_ins = sorted(unit.with_name(f"{unit.name}.d").glob("*.conf"), key=lambda file: file.name)
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in (unit, *drop_ins))
