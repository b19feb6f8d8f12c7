"""The commands: the only exit and except-ladder. Of those in `commands`, only what is asked for is imported."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterable
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.errors import ImgwatchError, IoFailed
from imgwatch.logs import FirstFew

log = logging.getLogger(__name__)

COMMANDS = {  # name: its module in `commands`, in the order of the help
    "setup": "setup",
    "init": "init",
    "train": "train",
    "calibrate": "calibrate",
    "watch": "watch",
    "rescan": "rescan",
    "duplicates": "duplicates",
    "score": "score",
    "evaluate": "evaluate",
    "config": "config",
    "model": "model",
    "quarantine": "quarantine",
    "review": "review",
    "token": "token",
    "status": "status",
    "doctor": "doctor",
    "pause": "pausing",
    "resume": "pausing",
    "notify": "notify",
    "service": "service",
    "help": "help",
}


def app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command line with these commands; a module's `app` is a group of commands."""
    made = typer.Typer(
        name="imgwatch",
        help="Watches folders and moves the pictures that do not belong there into a quarantine that can be undone.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.callback()(options)
    for name in names:
        module = import_module(f"imgwatch.commands.{COMMANDS[name]}")
        if hasattr(module, "app"):
            made.add_typer(module.app, name=name)
        else:
            made.command()(getattr(module, name))
    return made


def _version(wanted: bool) -> None:
    if wanted:
        from imgwatch.version import version_words

        console.say(version_words())
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version, and that of the general model.",
        ),
    ] = False,
) -> None:
    """Take the options that come before a command."""


def _prepare_process() -> None:
    """Ensure that no file name can break the output, and that the working folder exists."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a character that this terminal does not have
    if logging.lastResort is not None:  # what prints warnings where a command sets up no log
        logging.lastResort.addFilter(FirstFew())
    try:
        Path.cwd()
    except OSError:  # removed: worker processes could not be started in it
        os.chdir("/")


def main() -> None:
    """Run a command and end with its exit code: 0 done, 2 usage (typer says it), else by sysexits.h."""
    _prepare_process()
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    is_one = first in COMMANDS and first != "help"
    names = (first,) if is_one else () if first == "--version" else COMMANDS
    try:
        command = app(names)
        gc.freeze()  # what was imported is never searched for cycles, not even when the process ends
        gc.enable()
        command(prog_name="imgwatch")  # also as `python -m imgwatch`: completion asks by this name
    except ImgwatchError as fault:
        console.complain(fault)
        sys.exit(fault.exit_code)
    except OSError as fault:
        log.debug("unexpected", exc_info=True)
        console.complain(f"{fault.filename or 'input/output'}: {fault.strerror or fault}")
        sys.exit(IoFailed.exit_code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
