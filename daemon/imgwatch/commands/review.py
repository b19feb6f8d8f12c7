"""`imgwatch review`: the gallery in a browser."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from imgwatch import console
from imgwatch.commands.context import ConfigOption, load_settings, open_judge, open_ledger, open_quarantine
from imgwatch.errors import UsageError
from imgwatch.extras import require_extra


def review(
    port: Annotated[
        int, typer.Option("--port", help="0: any that is free.", min=0, max=65535, metavar="N")
    ] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")] = False,
    path: Annotated[
        Path | None,
        typer.Option("--socket", help="Listen on this unix socket instead of a port.", metavar="PATH"),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            help="An address of this machine that others reach; without TLS, so only in a network you trust.",
            metavar="ADDRESS",
        ),
    ] = "127.0.0.1",
    config: ConfigOption = None,
) -> None:
    """Look through the quarantine in a browser. The first line printed is the address, with the token that opens it."""
    from imgwatch import logs

    logs.set_up()
    settings = load_settings(config)
    if path is not None and (port or listen != "127.0.0.1"):
        raise UsageError("--socket goes with neither --port nor --listen")
    require_extra("review")
    from imgwatch.review.handover import open_browser, redirect_page
    from imgwatch.review.listening import Address
    from imgwatch.review.server import Entrance, GalleryContext, opened, serve

    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        rescanned = ledger.rescanned()
    quarantine.recover()

    def roots() -> Sequence[Path]:
        return [*(watch.path for watch in settings.watch), *rescanned]

    context = GalleryContext(
        settings, quarantine, lambda: open_ledger(settings), lambda: open_judge(settings, workers=1), roots
    )
    with opened(context) as gallery, ExitStack() as while_serving:

        def on_ready(entrance: Entrance) -> None:
            console.say(entrance.url)
            if not no_open and path is None:
                open_browser(while_serving.enter_context(redirect_page(entrance.new_link())))

        serve(gallery, Address(listen, port, path.absolute() if path else None), on_ready)
