"""What several commands take and ask: their common options, paths that must exist, and the question before a change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.errors import InputMissing, UsageError

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
