"""`imgwatch watch`, the daemon in the foreground, and `imgwatch status`, which looks at it from outside."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgwatch import console
from imgwatch.commands.workplace import (
    ConfigOption,
    JsonOption,
    load_settings,
    model_path,
    open_ledger,
    open_quarantine,
)
from imgwatch.errors import ImgwatchError

if TYPE_CHECKING:
    from imgwatch.logs import LastError
    from imgwatch.service import Service
    from imgwatch.settings import Settings
    from imgwatch.status import Pulse

log = logging.getLogger("imgwatch")

NOT_RUNNING = 3
BREAKER_OPEN = 4


def watch(
    config: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False,
) -> None:
    """Watch the folders and move what does not belong; SIGTERM ends it, SIGHUP reads the config again."""
    from imgwatch import logs, status

    last_error = logs.set_up(verbose)
    settings: Settings | None = load_settings(config)
    assert settings is not None
    lock = status.DaemonLock(settings.state)
    try:
        status.clear_status(settings.state)
        while settings is not None:
            settings = _watch_until_told(settings, last_error, config)
    finally:
        status.clear_status(lock.state)
        lock.release()


def _watch_until_told(settings: Settings, last_error: LastError, config: Path | None) -> Settings | None:
    """Run the service once. Return the settings to go on with after SIGHUP, None after SIGTERM."""
    from imgwatch import status
    from imgwatch.judging import LiveModel
    from imgwatch.notify import notify
    from imgwatch.service import Service

    model = LiveModel(model_path(settings), settings.threshold, settings.limits.limits(), settings.threads)
    _say_what_model(model.judge.contract.generic, settings)
    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        quarantine.recover()

        def on_pulse(pulse: Pulse) -> None:
            status.write_status(settings.state, pulse, last_error.text)
            notify("WATCHDOG=1", f"STATUS={_headline(pulse)}")

        def on_ready() -> None:
            on_pulse(service.pulse())
            notify("READY=1")
            log.info(
                "watching %s with model %s",
                ", ".join(str(w.path) for w in settings.watch),
                model.judge.scorer.name,
            )

        service = Service(settings, model, quarantine, ledger, on_pulse)
        reload = _obey_signals(service)
        try:
            service.run(on_ready)
        finally:
            model.judge.close()
    if not reload:
        notify("STOPPING=1")
        log.info("stopped")
        return None
    notify("RELOADING=1")
    return _reloaded(settings, config)


def _obey_signals(service: Service) -> list[int]:
    """Stop the service on a signal; the list that is returned holds SIGHUP once the config is to be read again."""
    reload: list[int] = []

    def obey(number: int, _: Any) -> None:
        if number == signal.SIGHUP:
            reload.append(number)
        else:
            reload.clear()
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, obey)
    return reload


def _reloaded(settings: Settings, config: Path | None) -> Settings:
    """Read the config again; a faulty one is told and the running one stays."""
    try:
        fresh = load_settings(config)
    except ImgwatchError as fault:
        log.error("the new config is refused, the running one stays: %s", fault)
        return settings
    if fresh.state != settings.state:
        log.error("the new config is refused: `state` changes with a restart only")
        return settings
    log.info("the config is read again")
    return fresh


def _say_what_model(is_generic: bool, settings: Settings) -> None:
    if is_generic:
        log.warning(
            "the general model is in use, which has seen none of your pictures: run `imgwatch calibrate` or "
            "`imgwatch train` on normal ones and set `model` in the config"
        )
    if settings.mode == "report":
        log.warning("mode is report: nothing will be moved")


def _headline(pulse: Pulse) -> str:
    if pulse.breaker == "open":
        return "breaker open: nothing is moved until `imgwatch resume`"
    return f"watching {len(pulse.folders)} folders, {pulse.backlog} pictures waiting"


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell how the daemon is. Exits with 3 when none runs, 4 when the breaker is open."""
    from imgwatch import decisions
    from imgwatch.status import read_status

    settings = load_settings(config)
    told = read_status(settings.state)
    found: dict[str, object] = {"alive": bool(told)}
    with open_ledger(settings) as ledger:
        decisions.count_history(open_quarantine(settings), ledger)
        counters = ledger.counters()
        found |= {
            name: counters.get(name, 0)
            for name in ("judged", "quarantined", "restored", "deleted", "purged", "unreadable")
        }
        found["breaker"] = ledger.fact("breaker") or "closed"
    found |= {
        "backlog": told.get("backlog", 0),
        "model": told.get("model"),
        "threshold": told.get("threshold"),
    }
    found |= {"generic_model": told.get("generic_model"), "folders": told.get("folders", {})}
    found |= {"last_error": told.get("last_error"), "pid": told.get("pid")}
    if as_json:
        console.say_json(found)
    else:
        for name, value in found.items():
            console.say(f"{name:>14}: {_plain(value)}")
    if not told:
        raise typer.Exit(NOT_RUNNING)
    if found["breaker"] == "open":
        raise typer.Exit(BREAKER_OPEN)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} ({state})" for key, state in value.items()) or "-"
    return "-" if value is None else str(value)
