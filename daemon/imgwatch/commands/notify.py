"""`imgwatch notify`: to which services messages go, and whether they arrive."""

from typing import Annotated

import msgspec
import typer

from imgwatch import console
from imgwatch.commands.context import load_settings
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.errors import InputMissing, Unavailable


def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Send a message to each service, and report which of them took it.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the services that `notify` in the config names. Shows only their schemes. Exits with 69 if --test fails."""
    from imgwatch.masking import masked
    from imgwatch.monitoring.notifier import Message, send, start_sender
    from imgwatch.monitoring.urls import require_notify, urls_of

    settings = load_settings(config)
    require_notify(settings.notify)
    if not settings.notify.is_on:
        raise InputMissing("`notify` in the config names no URL: docs/notify.md has examples")
    urls = urls_of(settings.notify)
    reached: list[bool | None] = [None] * len(urls)
    if test:
        message = Message("imgwatch: a test", "Messages from imgwatch arrive here.")
        reached = [*send(start_sender(), message, urls, msgspec.structs.asdict(settings.limits))]
    for number, (url, is_reached) in enumerate(zip(urls, reached, strict=True), 1):
        if as_json:
            console.say_json({"number": number, "url": masked(url), "sent": is_reached})
        else:
            outcome = {None: "", True: ": sent", False: ": not sent; check the URL and the network"}[
                is_reached
            ]
            console.say(f"{number:>3}. {masked(url)}{outcome}")
    if False in reached:
        raise typer.Exit(Unavailable.exit_code)
