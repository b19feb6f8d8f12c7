"""`imgwatch setup`: from nothing to watching, in a few questions; with all options set, without questions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.commands.options import ConfigOption, JsonOption, YesOption
from imgwatch.errors import UsageError

if TYPE_CHECKING:
    from imgwatch.commands.setup_questions import Asked
    from imgwatch.setting_up import Setup


_WatchOption = Annotated[
    Path | None, typer.Option("--watch", help="The folder to keep clean.", metavar="DIR")
]
_NormalOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--normal",
        help="A folder of normal pictures; may be given several times. Default, the first time: the watched folder.",
        metavar="DIR",
    ),
]
_FalseAlarmsOption = Annotated[
    float | None,
    typer.Option(
        "--false-alarms",
        help="At most this share of your normal pictures is moved; default: 0.01.",
        metavar="P",
        min=0.0001,
        max=0.5,
    ),
]
_ServiceOption = Annotated[
    bool | None,
    typer.Option("--service/--no-service", help="Install and start the systemd service; default: ask."),
]
_WebOption = Annotated[bool, typer.Option("--web", help="Answer the questions in a browser.")]
_NoOpenOption = Annotated[
    bool, typer.Option("--no-open", help="With --web: print the address, and open no browser.")
]


def setup(  # noqa: PLR0913 - the options of a command
    watch: _WatchOption = None,
    normal: _NormalOption = None,
    false_alarms: _FalseAlarmsOption = None,
    service: _ServiceOption = None,
    in_browser: _WebOption = False,
    no_open: _NoOpenOption = False,
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lead from nothing to a running daemon in a few questions.

    They choose a folder, learn what is normal, show what would move, write the config and start the service.
    Nothing is written before you agree. An existing config keeps everything that you do not choose anew.
    """
    from imgwatch.commands.setup_questions import Asked

    if in_browser:
        _ask_in_browser(config, no_open)
        return
    if not console.is_interactive() and not is_agreed:
        raise UsageError(
            "nobody can be asked here: give --watch DIR, --normal DIR and --yes, or run it on a terminal"
        )
    _set_up(config, watch, Asked(normal or (), false_alarms, service, is_agreed, as_json))


def _set_up(config: Path | None, watch: Path | None, asked: "Asked") -> None:
    from imgwatch.commands import setup_questions
    from imgwatch.reload import ask_for_reload
    from imgwatch.setting_up import Setup, config_file

    if watch is None and not config_file(config).exists():
        watch = setup_questions.ask_folder()
    chosen = Setup.begin(config, watch, DEFAULT_MODEL)
    learned = setup_questions.choose_normal(chosen, asked)
    share = None
    if learned is not None:
        with console.progress() as progress:
            outlook = chosen.look_ahead(learned, progress)
        share = setup_questions.choose_promise(chosen, learned, outlook, asked)
        setup_questions.say_moves(outlook, learned.contract.calibration.threshold_for(share), asked)
    values = chosen.chosen(share, only_reports=setup_questions.wants_only_reports(chosen, asked))
    console.note(chosen.changes(values))
    if not asked.is_agreed and not console.agrees(f"Write {chosen.file}?"):
        raise UsageError("nothing was written")
    written = chosen.write(values, learned)
    if not asked.as_json:
        for path in written:
            console.say(f"{path} written.")
    if not chosen.is_new:
        console.note(ask_for_reload(chosen.settings))
    is_started = _start(chosen, asked)
    if asked.as_json:
        console.say_json(
            {
                "config": str(chosen.file),
                "model": values.get("model", "default"),
                "false_alarms": values.get("threshold.false_alarms"),
                "mode": values.get("mode"),
                "pictures": None if learned is None else len(learned.paths),
                "service": is_started,
            }
        )


def _start(chosen: "Setup", asked: "Asked") -> bool:
    """Install and start the service if the user wants it, else print how to start; return whether it was installed."""
    from imgwatch.status import read_status

    has_systemd = Path("/run/systemd/system").is_dir()
    is_wanted = asked.service
    if is_wanted is None:
        is_wanted = (
            has_systemd and not asked.is_agreed and console.agrees("Install and start the service now?")
        )
    if is_wanted:
        install_service(chosen.file)
    elif not asked.as_json:
        service = ", or `imgwatch service install` for a service" if has_systemd else ""
        start = (
            ""
            if "pid" in read_status(chosen.settings.state)
            else f"Start it with `imgwatch watch`{service}; "
        )
        console.say(
            f"{start}`imgwatch review` shows what it has moved, `imgwatch setup` changes all of this."
        )
    return is_wanted


def install_service(config: Path) -> None:
    """Install and start the service of a config: root's for the machine, another user's for that user."""
    from imgwatch.commands.service import install

    install(for_user=os.geteuid() != 0, config=config)


def _ask_in_browser(config: Path | None, no_open: bool) -> None:
    from contextlib import ExitStack

    from imgwatch import logs
    from imgwatch.extras import require_extra

    logs.set_up()
    require_extra("review")
    from imgwatch.review.door import Door
    from imgwatch.review.listening import Address
    from imgwatch.review.server import Entrance, serve
    from imgwatch.setup_pages.app import open_pages

    with open_pages(config, DEFAULT_MODEL, install_service) as pages, ExitStack() as while_serving:

        def on_ready(entrance: Entrance) -> None:
            from imgwatch.review.handover import open_browser, redirect_page

            console.say(entrance.url)
            if not no_open:
                open_browser(while_serving.enter_context(redirect_page(entrance.new_link())))

        serve(pages, Address("127.0.0.1", 0, None), Door(), on_ready)
