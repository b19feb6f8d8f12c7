"""The commands as data, for man pages and the site: what they are called, what they say, which options they take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer.main

from imgwatch import errors
from imgwatch.cli import app


@dataclass(frozen=True)
class Described:
    """An option, argument or exit code, and what it means."""

    name: str
    description: str


@dataclass(frozen=True)
class Command:
    """One command: its words without `imgwatch`, its synopsis, description, arguments and options."""

    words: tuple[str, ...]
    synopsis: str
    description: str
    options: tuple[Described, ...]
    is_group: bool


def commands() -> list[Command]:
    """Return `imgwatch` itself and all commands below it, each group before its commands."""
    return list(_below((), typer.main.get_command(app()), None))


def exit_codes() -> list[Described]:
    """Return the exit codes of all commands, each with the first sentence of its fault."""
    kinds = [errors.ImgwatchError, *errors.ImgwatchError.__subclasses__()]
    codes = {0: "Done."}
    for kind in kinds:
        codes.setdefault(kind.exit_code, (kind.__doc__ or "").split(": ")[0].split("\n")[0].rstrip(".") + ".")
    return [Described(str(code), description) for code, description in sorted(codes.items())]


def _below(words: tuple[str, ...], command: Any, parent: Any) -> Iterator[Command]:
    context = command.make_context(
        words[-1] if words else "imgwatch", [], parent=parent, resilient_parsing=True
    )
    usage = " ".join(context.command.collect_usage_pieces(context))
    yield Command(
        words=words,
        synopsis=" ".join(("imgwatch", *words, usage)),
        description=_unwrapped(command.help or ""),
        options=tuple(_options(command, context)),
        is_group=hasattr(command, "commands"),
    )
    for name, below in getattr(command, "commands", {}).items():
        yield from _below((*words, name), below, context)


def _options(command: Any, context: Any) -> Iterator[Described]:
    for parameter in command.get_params(context):
        shown = parameter.get_help_record(context)
        if shown is not None:
            yield Described(shown[0], shown[1])


def _unwrapped(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))
