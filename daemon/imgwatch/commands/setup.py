"""`imgwatch setup`: from nothing to watching, in a few questions; with all options given, without any."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgwatch import console
from imgwatch.commands.context import DEFAULT_MODEL, ConfigOption, JsonOption, YesOption, model_path
from imgwatch.commands.setup_questions import (
    USUAL_SHARE,
    Asked,
    ask_folder,
    choose_normal,
    choose_promise,
    report_first_where_synced,
    say_moves,
)
from imgwatch.errors import InputMissing, UsageError

if TYPE_CHECKING:
    from imgwatch.calibration.calibrate import Calibrated
    from imgwatch.outlook import Outlook
    from imgwatch.settings import Settings


def setup(  # noqa: PLR0913 - the options of a command
    watch: Annotated[
        Path | None, typer.Option("--watch", help="The folder to keep clean.", metavar="DIR")
    ] = None,
    normal: Annotated[
        list[Path] | None,
        typer.Option(
            "--normal",
            help="A folder of normal pictures; may be given several times. Default: the watched folder.",
            metavar="DIR",
        ),
    ] = None,
    false_alarms: Annotated[
        float | None,
        typer.Option(
            "--false-alarms",
            help="At most this share of your normal pictures is moved; default: 0.01.",
            metavar="P",
            min=0.0001,
            max=0.5,
        ),
    ] = None,
    service: Annotated[
        bool | None,
        typer.Option("--service/--no-service", help="Install and start the systemd service; default: ask."),
    ] = None,
    is_agreed: YesOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose a folder, learn what is normal, see what would move, write the config, start the service.

    Nothing is written before you agree. Where there is a config, only what you choose anew is changed in it.
    """
    asked = Asked(watch, normal or (), false_alarms, service, is_agreed, as_json)
    if not console.is_interactive() and not is_agreed:
        raise UsageError(
            "nobody can be asked here: give --watch DIR, --normal DIR and --yes, or run it on a terminal"
        )
    file = _config_file(config)
    before = file.read_text(encoding="utf-8") if file.exists() else None
    text = before or _new_config(asked)
    settings = _checked(text, file, asked)
    fitted = choose_normal(settings, asked, lambda folders: _calibrated(settings, folders, asked))
    values: dict[str, str | float] = {}
    if fitted is not None:
        outlook = _look_ahead(fitted, settings)
        share = choose_promise(fitted, outlook, settings, asked)
        values = _values(settings, fitted, share)
        say_moves(outlook, fitted.contract.calibration.threshold_for(share), asked)
    report_first_where_synced(settings, values, asked)
    _write(file, before, text, values, fitted, asked)
    started = _start(file, asked)
    if as_json:
        console.say_json(_summary(file, values, fitted, started))


def _config_file(config: Path | None) -> Path:
    from imgwatch.config import find_config
    from imgwatch.first_config import usual_config

    if config is not None:
        return config
    try:
        return find_config(None)
    except InputMissing:
        return usual_config()


def _new_config(asked: Asked) -> str:
    from imgwatch.first_config import config_for, require_usable, with_keys

    folder = (asked.watch or ask_folder()).expanduser().absolute()
    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder; make it, or name another with --watch")
    text = with_keys(config_for([folder]), {"quarantine.path": str(_quarantine_for(folder))})
    require_usable(text)
    return text


def _quarantine_for(folder: Path) -> Path:
    """Return where the quarantine lies best: the usual place, or beside the folder where that is another disk."""
    from imgwatch.files import nearest_existing
    from imgwatch.settings import QuarantineSettings

    usual = QuarantineSettings().path
    is_same_disk = nearest_existing(usual).stat().st_dev == folder.stat().st_dev
    return usual if is_same_disk else folder.parent / ".imgwatch-quarantine"


def _checked(text: str, file: Path, asked: Asked) -> "Settings":
    from imgwatch.config import parse_config

    settings = parse_config(text, str(file))
    watched = [watch.path for watch in settings.watch]
    if asked.watch is not None and asked.watch.expanduser().absolute() not in watched:
        raise UsageError(
            f"{file} watches {', '.join(map(str, watched))}: add {asked.watch} to its `watch`, or name "
            "another config with --config"
        )
    return settings


def _calibrated(settings: "Settings", folders: list[Path], asked: Asked) -> "Calibrated":
    from imgwatch.calibration.calibrate import calibrate
    from imgwatch.calibration.measured_file import usual_folder
    from imgwatch.scan import list_pictures
    from imgwatch.settings import ThresholdRule

    apart = (settings.quarantine.path, settings.state)
    paths = list_pictures(folders, apart, settings.watch[0].ignore)
    rule = ThresholdRule(false_alarms=asked.false_alarms or USUAL_SHARE)
    base = model_path(settings)
    if not base.exists():
        base = DEFAULT_MODEL
    with console.progress() as progress:
        return calibrate(
            base, paths, rule, settings.limits.limits(), settings.threads, progress, usual_folder()
        )


def _look_ahead(fitted: "Calibrated", settings: "Settings") -> "Outlook":
    from imgwatch.outlook import look_ahead
    from imgwatch.scan import list_pictures

    apart = (settings.quarantine.path, settings.state)
    paths = []
    for watch in settings.watch:
        try:
            paths += list_pictures([watch.path], apart, watch.ignore)
        except InputMissing:  # no picture lies there yet
            continue
    with console.progress() as progress:
        return look_ahead(fitted, paths, settings.limits.limits(), settings.threads, progress)


def _values(settings: "Settings", fitted: "Calibrated", share: float) -> dict[str, str | float]:
    """Return the keys of the config that the choice sets; a threshold by another rule is the user's own word."""
    from imgwatch.first_config import usual_model

    model = settings.own_model or usual_model()
    rule = settings.threshold
    if rule is not None and rule.false_alarms is None:
        console.note("The config's own threshold stays as it is.")
        return {"model": str(model)}
    return {"model": str(model), "threshold.false_alarms": share}


def _write(  # noqa: PLR0913 - what is there, what comes, and the user's word
    file: Path,
    before: str | None,
    text: str,
    values: dict[str, str | float],
    fitted: "Calibrated | None",
    asked: Asked,
) -> None:
    """Write model and config, each whole or not at all; the model first, so that the config names one that is there."""
    from imgwatch import config_edit, first_config
    from imgwatch.commands import model_swap
    from imgwatch.config import load_config
    from imgwatch.model import versions

    after = first_config.with_keys(text, values)
    first_config.require_usable(after)
    model = Path(str(values["model"])) if fitted is not None else None
    if before is not None and after != before:
        console.note(config_edit.difference(file, before, after))
    what = f"{file}" if model is None else f"{model} and {file}"
    if not asked.is_agreed and not console.agrees(f"Write {what}?"):
        raise UsageError("nothing was written")
    if fitted is not None and model is not None:
        model.parent.mkdir(parents=True, exist_ok=True)
        draft = model_swap.draft_path(model)
        fitted.write(draft)
        if draft != model:
            versions.put_in_place(draft, model)
    if before is None:
        first_config.write_new(file, after)
    elif after != before:
        config_edit.replace_config(file, after)
    if not asked.as_json:
        console.say(f"{what} written.")
    if before is not None:
        console.note(model_swap.tell_daemon(load_config(file)))


def _start(file: Path, asked: Asked) -> bool:
    """Install and start the service, if that is wanted and can be; else say how to start. Return whether it was."""
    from imgwatch.commands.service import install

    has_systemd = Path("/run/systemd/system").is_dir()
    is_wanted = asked.service
    if is_wanted is None:
        is_wanted = (
            has_systemd
            and console.is_interactive()
            and not asked.is_agreed
            and console.agrees("Install and start the service now?")
        )
    if is_wanted:
        install(for_user=os.geteuid() != 0, config=file)
    elif not asked.as_json:
        service = ", or `imgwatch service install` for a service" if has_systemd else ""
        console.say(
            f"Start it with `imgwatch watch`{service}; `imgwatch review` shows what it has moved, `imgwatch setup` "
            "changes all of this."
        )
    return is_wanted


def _summary(
    file: Path, values: dict[str, str | float], fitted: "Calibrated | None", is_started: bool
) -> dict[str, Any]:
    return {
        "config": str(file),
        "model": values.get("model", "default"),
        "false_alarms": values.get("threshold.false_alarms"),
        "mode": values.get("mode"),
        "pictures": None if fitted is None else len(fitted.paths),
        "service": is_started,
    }
