"""`imgwatch doctor`: look for what will not work, and say what to do."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.context import (
    LEDGER,
    ConfigOption,
    JsonOption,
    load_settings,
    model_path,
    volume_of,
)
from imgwatch.errors import ImgwatchError, Unavailable

if TYPE_CHECKING:
    from imgwatch.doctor.checks import Finding
    from imgwatch.settings import Settings


def doctor(
    before_install: Annotated[
        bool, typer.Option("--before-install", help="Leave out what only an installed service can have.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check config, model, folders, rights, disks, limits and daemon. Exits with 69 when something does not work."""
    seen: Counter[str] = Counter()
    for finding in _findings(config, before_install):
        seen[finding.grade] += 1
        if as_json:
            console.say_json({"grade": finding.grade, "what": finding.what, "to_do": finding.to_do or None})
        else:
            console.say(f"{finding.grade:>8}  {finding.what}")
            if finding.to_do:
                console.say(f"{'':>8}  -> {finding.to_do}")
    if not as_json:
        console.say(f"{seen['fault']} faults, {seen['warning']} warnings")
    if seen["fault"]:
        raise typer.Exit(Unavailable.exit_code)


def _findings(config: Path | None, before_install: bool) -> "Iterator[Finding]":
    from imgwatch.config import find_config
    from imgwatch.doctor import checks, folders, monitoring
    from imgwatch.status import is_held

    found = find_config(config)
    settings = load_settings(found)
    yield checks.ok(f"config {found}: no faults")
    all_checks = [
        checks.check_model(model_path(settings), settings),
        folders.check_folders(settings),
        folders.check_room(settings),
        folders.check_limits(settings),
        _volume(settings),
        checks.check_quarantine(settings.quarantine.path),
        checks.check_ledger(settings.state / LEDGER, is_held(settings.state)),
        checks.check_clock(settings.quarantine.path),
        monitoring.check_telling(settings),
    ]
    if not before_install:
        all_checks += [
            checks.check_daemon(settings.state),
            checks.check_units(settings, found),
            monitoring.check_ports(settings, found),
        ]
    for check in all_checks:
        try:
            yield from check
        except OSError as fault:
            yield checks.fault(f"{fault.filename}: {fault.strerror}", "look at its rights, and at the disk")


def _volume(settings: "Settings") -> "Iterator[Finding]":
    """Ask the ledger where the quarantine lay, if it is there and can be asked; what is wrong with it comes later."""
    from imgwatch.doctor import checks
    from imgwatch.ledger import Ledger

    if not (settings.state / LEDGER).exists():
        return
    with suppress(ImgwatchError), closing(Ledger(settings.state / LEDGER, mend=False)) as ledger:
        yield from checks.check_volume(volume_of(settings.quarantine.path, ledger))
