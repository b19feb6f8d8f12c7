"""`imgwatch help [COMMAND]`: the same as `--help` after a command."""

from typing import Annotated

import typer

from imgwatch import console
from imgwatch.errors import UsageError


def help(
    context: typer.Context,
    command: Annotated[
        list[str] | None, typer.Argument(help="A command, such as: quarantine list.", metavar="COMMAND")
    ] = None,
) -> None:
    """Show what a command does and which options it takes."""
    shown = context.find_root()
    for word in command or []:
        resolve = getattr(shown.command, "resolve_command", None)
        if resolve is None:
            raise UsageError(f"{shown.command_path} has no subcommands, so there is no {word!r}")
        _, below, _ = resolve(shown, [word])  # ends with the usage and the name that was probably meant
        shown = type(shown)(below, parent=shown, info_name=word)
    for line in shown.get_help().splitlines():
        console.say(line)
