"""`imgwatch service install / uninstall`: the systemd unit of one config."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import model_path
from imgwatch.commands.context import load_settings
from imgwatch.commands.options import ConfigOption
from imgwatch.errors import Unavailable
from imgwatch.extras import require_extra

if TYPE_CHECKING:
    from imgwatch.settings import Settings
    from imgwatch.systemd.plan import InstallPlan

app = typer.Typer(help="Install or remove the systemd service for a config.", no_args_is_help=True)

_UserOption = Annotated[
    bool, typer.Option("--user", help="Use your own service manager, which needs no root.")
]
_NameOption = Annotated[
    str | None,
    typer.Option(
        "--name",
        help="The unit's name, without .service; default: imgwatch, or with --review imgwatch-review.",
        metavar="NAME",
    ),
]
_ReviewOption = Annotated[
    bool, typer.Option("--review", help="The gallery and its port instead of the daemon.")
]
_RunAsOption = Annotated[
    str | None,
    typer.Option(
        "--run-as",
        help="The user that it runs as; default: the owner of the watched folders.",
        metavar="USER",
    ),
]
_StartOption = Annotated[bool, typer.Option("--start/--no-start", help="Start it now.")]
_DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the unit and its drop-in; change nothing.")
]


@app.command()
def install(  # noqa: PLR0913 - the options of a command
    for_user: _UserOption = False,
    name: _NameOption = None,
    of_gallery: _ReviewOption = False,
    run_as: _RunAsOption = None,
    start: _StartOption = True,
    dry_run: _DryRunOption = False,
    config: ConfigOption = None,
) -> None:
    """Write, enable and start the unit for this config. systemd verifies it first."""
    from imgwatch.config import find_config
    from imgwatch.systemd import installation
    from imgwatch.systemd.plan import InstallOptions, plan

    config_file = find_config(config)
    settings = load_settings(config_file)
    if of_gallery:
        _require_door(settings)
    unit = name or _default_name(of_gallery)
    options = InstallOptions(unit, for_user, run_as, of_gallery)
    planned = plan(settings, config_file, model_path(settings), options)
    if dry_run:
        _say_files(planned)
        return
    if not for_user:
        _say_all(installation.make_folders(planned))
        _examine_as(planned, config_file)
    _say_all(installation.install(planned, start=start))
    words = [*(["--user"] if for_user else []), *(["--review"] if of_gallery else [])]
    words += ["--name", unit] if unit != _default_name(of_gallery) else []
    console.say(" ".join(["To undo it: imgwatch service uninstall", *words]))


@app.command()
def uninstall(
    for_user: _UserOption = False, name: _NameOption = None, of_gallery: _ReviewOption = False
) -> None:
    """Stop, disable and remove the unit. Config, state and quarantine stay."""
    from imgwatch.systemd import installation
    from imgwatch.systemd.installed import unit_file

    _say_all(installation.uninstall(unit_file(name or _default_name(of_gallery), for_user), for_user))


def _default_name(of_gallery: bool) -> str:
    return "imgwatch-review" if of_gallery else "imgwatch"


def _require_door(settings: "Settings") -> None:
    """Raise Unavailable without the gallery's packages, ConfigError if nobody could get in."""
    require_extra("review")
    from imgwatch.review.door import door_of

    door_of(settings, is_lasting=True)


def _say_files(plan: "InstallPlan") -> None:
    plan.manager.verify(plan.texts)
    for file, text in reversed(plan.texts.items()):
        console.say(f"# {file} is not written: --dry-run")
        for line in text.splitlines():
            console.say(line)
    for note in plan.notes:
        console.say(f"# {note}")


def _say_all(lines: Iterator[str]) -> None:
    for line in lines:
        console.say(line)


def _examine_as(plan: "InstallPlan", config: Path) -> None:
    """Run `imgwatch doctor` as the service's user. Raises Unavailable for a fault that it finds."""
    if os.geteuid() != 0:
        return
    command = [
        sys.executable,
        "-P",
        "-m",
        "imgwatch",
        "doctor",
        "--before-install",
        "--config",
        str(config.absolute()),
    ]
    user = plan.user
    try:
        done = subprocess.run(
            command, user=user.pw_uid, group=user.pw_gid, extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
            env={"HOME": user.pw_dir, "PATH": os.environ.get("PATH", ""), "USER": user.pw_name},
            cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
    except PermissionError:
        raise Unavailable(_unreachable(user.pw_name)) from None
    if "No module named" in done.stderr:
        raise Unavailable(_unreachable(user.pw_name))
    if done.returncode != 0:
        raise Unavailable(
            f"as {user.pw_name} it would not work:\n{(done.stdout + done.stderr).strip()}\nNothing is installed."
        )


def _unreachable(user: str) -> str:
    return (
        f"{sys.executable} cannot be run by {user}, as whom the service runs: install imgwatch where everybody "
        "can read it, for instance with `python3 -m venv /opt/imgwatch`"
    )
