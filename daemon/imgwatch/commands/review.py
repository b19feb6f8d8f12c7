"""`imgwatch review`: the gallery in a browser, or as a lasting service behind a reverse proxy."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.commands.options import ConfigOption
from imgwatch.errors import UsageError
from imgwatch.extras import require_extra

if TYPE_CHECKING:
    from imgwatch.review.server import Entrance, GalleryContext
    from imgwatch.settings import Settings

_LOCAL = "127.0.0.1"
_PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        help="The port; default: any free one, or with --serve `review.port` of the config.",
        min=0,
        max=65535,
        metavar="N",
    ),
]
_SocketOption = Annotated[
    Path | None,
    typer.Option("--socket", help="Listen on this unix socket instead of a port.", metavar="PATH"),
]
_ListenOption = Annotated[
    str,
    typer.Option(
        "--listen",
        help="An address of this machine that others can reach; without TLS, so only in a network you trust.",
        metavar="ADDRESS",
    ),
]
_ServeOption = Annotated[
    bool,
    typer.Option(
        "--serve",
        help="Run as a lasting service, which asks for the password or trusts the proxy's user instead of a key.",
    ),
]
_PasswordOption = Annotated[
    bool,
    typer.Option("--set-password", help="Set the gallery's password, typed at a prompt or piped in."),
]


def review(  # noqa: PLR0913 - the options of a command
    port: _PortOption = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    path: _SocketOption = None,
    listen: _ListenOption = _LOCAL,
    is_service: _ServeOption = False,
    sets_password: _PasswordOption = False,
    config: ConfigOption = None,
) -> None:
    """Look through the quarantine in a browser. The first line printed is the address, with the token that opens it."""
    from imgwatch import logs

    logs.set_up()
    settings = load_settings(config)
    if path is not None and (port or listen != _LOCAL):
        raise UsageError("--socket cannot be combined with --port or --listen")
    require_extra("review")
    if sets_password:
        _set_password(settings)
        return
    from imgwatch.review.door import door_of
    from imgwatch.review.listening import Address
    from imgwatch.review.server import open_gallery, serve

    door = door_of(settings, is_lasting=is_service)
    if port is None:
        port = settings.review.port if is_service else 0
    with open_gallery(_context(settings)) as gallery, ExitStack() as while_serving:

        def on_ready(entrance: "Entrance") -> None:
            if is_service:
                _say_ready(entrance)
            else:
                _let_in(entrance, None if no_open or path is not None else while_serving)

        serve(gallery, Address(listen, port, path.absolute() if path else None), door, on_ready)


def _context(settings: "Settings") -> "GalleryContext":
    from imgwatch.review.server import GalleryContext

    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        rescanned = ledger.rescanned()
    quarantine.recover()

    def roots() -> Sequence[Path]:
        return [*(watch.path for watch in settings.watch), *rescanned]

    return GalleryContext(
        settings, quarantine, lambda: open_ledger(settings), lambda: open_judge(settings, workers=1), roots
    )


def _let_in(entrance: "Entrance", while_serving: ExitStack | None) -> None:
    """Print the address with its token, and open the browser unless `while_serving` is None."""
    from imgwatch.review.handover import open_browser, redirect_page

    console.say(entrance.url)
    if while_serving is not None:
        open_browser(while_serving.enter_context(redirect_page(entrance.new_link())))


def _say_ready(entrance: "Entrance") -> None:
    from imgwatch.systemd.notify import notify

    console.say(entrance.begin)
    notify("READY=1", f"STATUS=the gallery is on {entrance.begin}")


def _set_password(settings: "Settings") -> None:
    from imgwatch.review.door import password_file
    from imgwatch.review.password import set_password

    if console.is_interactive():
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        password = sys.stdin.readline().rstrip("\n")
    with open_ledger(settings):
        pass  # the state folder is there, and this user's own
    file = password_file(settings)
    set_password(file, password)
    console.say(f"The password is set: {file} holds its hash. A running gallery asks for it from now on.")
