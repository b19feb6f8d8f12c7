"""`imgwatch doctor`: look for what will not work, and say what to do."""

from collections import Counter
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import model_path
from imgwatch.commands.context import LEDGER, load_settings
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.errors import Unavailable
from imgwatch.wording import counted


def doctor(
    before_install: Annotated[
        bool, typer.Option("--before-install", help="Skip the checks that need an installed service.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check config, model, folders, disks and daemon. Exits with 69 when something does not work."""
    from imgwatch.config import find_config
    from imgwatch.doctor import examine
    from imgwatch.doctor.finding import Subject

    path = find_config(config)
    settings = load_settings(path)
    subject = Subject(path, settings, model_path(settings), settings.state / LEDGER)
    seen: Counter[str] = Counter()
    for finding in examine(subject, before_install=before_install):
        seen[finding.grade] += 1
        if as_json:
            console.say_json({"grade": finding.grade, "what": finding.what, "to_do": finding.to_do or None})
        else:
            console.say(f"{finding.grade:>8}  {finding.what}")
            if finding.to_do:
                console.say(f"{'':>8}  -> {finding.to_do}")
    if not as_json:
        console.say(f"{counted(seen['fault'], 'fault')}, {counted(seen['warning'], 'warning')}")
    if seen["fault"]:
        raise typer.Exit(Unavailable.exit_code)
