"""The commands: the only exit and except-ladder. Each lives in `commands`, and imports what it needs when it runs."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands import doctor, judge, learn, quarantine, review, service, setup, status, watch
from imgwatch.errors import ImgwatchError, IoFailed

log = logging.getLogger(__name__)

app = typer.Typer(
    name="imgwatch",
    help="Watches folders and moves the pictures that do not belong there into a quarantine that can be undone.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(setup.init)
app.command()(learn.train)
app.command()(learn.calibrate)
app.command()(watch.watch)
app.command()(judge.rescan)
app.command()(judge.score)
app.command()(learn.evaluate)
app.add_typer(quarantine.app, name="quarantine")
app.command()(review.review)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(status.resume)
app.add_typer(service.app, name="service")


def _version(wanted: bool) -> None:
    if wanted:
        from imgwatch import __version__

        console.say(f"imgwatch {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that come before a command."""


def main() -> None:
    """Run a command and end with its exit code: 0 done, 2 usage (typer says it), else by sysexits.h."""
    try:
        app()
    except ImgwatchError as fault:
        console.complain(fault)
        sys.exit(fault.exit_code)
    except OSError as fault:
        log.debug("unexpected", exc_info=True)
        console.complain(f"{fault.filename or 'input/output'}: {fault.strerror or fault}")
        sys.exit(IoFailed.exit_code)
