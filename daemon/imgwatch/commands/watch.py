"""`imgwatch watch`: the daemon in the foreground, which is what systemd starts."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from imgwatch.commands.configured_models import main_model, models_of_folders, naming_way_out
from imgwatch.commands.context import load_settings, open_duplicates, open_ledger, open_quarantine
from imgwatch.commands.options import ConfigOption, require_existing
from imgwatch.commands.orders import Orders, Stopped
from imgwatch.commands.systemd_report import report, report_waiting
from imgwatch.errors import CannotCreate, ImgwatchError, IoFailed, Unavailable
from imgwatch.wording import ONLY_REPORTS

if TYPE_CHECKING:
    from imgwatch.ledger import Ledger
    from imgwatch.live_model import LiveModel
    from imgwatch.logs import LastError
    from imgwatch.settings import Settings
    from imgwatch.status import Pulse

log = logging.getLogger("imgwatch")


def watch(
    config: ConfigOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more detail.")] = False,
) -> None:
    """Watch the folders and move what does not belong. SIGTERM ends it, SIGHUP reads the config again."""
    from imgwatch import logs, memory, retry, status
    from imgwatch.monitoring.observer import require_exporters
    from imgwatch.monitoring.urls import require_notify

    memory.bound_arenas()
    last_error = logs.set_up(verbose)
    settings = load_settings(config)
    require_exporters(settings.metrics)
    require_notify(settings.notify)
    orders = Orders()
    lock = retry.open_when_possible(
        lambda: status.DaemonLock(settings.state), (CannotCreate,), lambda: orders.must_stop, report_waiting
    )
    if lock is None:
        return
    try:
        status.clear_status(settings.state)
        _warn_of_watchdog(settings)
        job: _Job | None = _Job(settings, _open_model(settings, orders))
        while job is not None:
            job = _watch_until_ordered(job, orders, last_error, config)
    except Stopped:
        log.info("stopped while a model was tried")
    finally:
        status.clear_status(lock.state)
        lock.release()


class _Job(NamedTuple):
    """What the daemon works with until a signal asks it to stop or to read the config again."""

    settings: "Settings"
    model: "LiveModel"


def _open_model(settings: "Settings", orders: Orders) -> "LiveModel":
    from imgwatch.live_model import LiveModel
    from imgwatch.model.tried_models import TriedModels

    limits, tried = settings.limits.limits(follows_links=False), TriedModels(settings.state)
    tried.on_wait = orders.wait_for_trial
    with naming_way_out(settings):
        return LiveModel(
            main_model(settings),
            limits,
            settings.threads,
            models_of_folders(settings),
            tried,
            settings.device,
        )


def _watch_until_ordered(
    job: _Job, orders: Orders, last_error: "LastError", config: Path | None
) -> _Job | None:
    """Run the service once; return the job to continue with after SIGHUP, None after SIGTERM."""
    from imgwatch import retry, status
    from imgwatch.systemd.notify import notify

    settings, model = job
    _say_what_model(model.judge.contract.generic, settings)

    def on_pulse(pulse: "Pulse") -> None:
        status.write_status(settings.state, pulse, last_error.text)
        report(pulse)

    with ExitStack() as stack:
        stack.callback(model.close)
        ledger = retry.open_when_possible(
            lambda: stack.enter_context(open_ledger(settings, is_daemon=True)),
            (IoFailed, Unavailable),
            orders.is_interrupted,
            lambda why: on_pulse(_waiting(model, why)),
        )
        if ledger is not None:
            _serve(job, ledger, orders, on_pulse)
    if orders.must_stop:
        notify("STOPPING=1")
        log.info("stopped")
        return None
    orders.accept_reload()  # before the config is read: an order that comes meanwhile is obeyed afterwards
    notify("RELOADING=1")
    return _reload(job, config, orders)


def _serve(job: _Job, ledger: "Ledger", orders: Orders, on_pulse: "Callable[[Pulse], None]") -> None:
    import msgspec

    from imgwatch.monitoring.observer import open_observer
    from imgwatch.service import Service
    from imgwatch.systemd.notify import notify

    settings, model = job
    quarantine = open_quarantine(settings, ledger)
    observer = open_observer(settings, model, quarantine, ledger)

    def publish(pulse: "Pulse") -> None:
        on_pulse(
            msgspec.structs.replace(
                pulse, troubles=(*pulse.troubles, *observer.publish(pulse)), messages=observer.messages
            )
        )

    def on_ready() -> None:
        publish(service.pulse())
        notify("READY=1")
        folders = ", ".join(str(watch.path) for watch in settings.watch)
        log.info("watching %s with model %s", folders, model.judge.scorer.name)
        if model.judge.scorer.is_on_card:
            log.info("the model runs on a CUDA card")

    duplicates = open_duplicates(settings, ledger, lambda: model.judges.of_all)
    service = Service(settings, model, quarantine, ledger, publish, observer, duplicates=duplicates)
    orders.direct_to(service)
    try:
        service.run(on_ready)
    finally:
        observer.close()


def _waiting(model: "LiveModel", why: str) -> "Pulse":
    from imgwatch.status import Pulse

    judge = model.judge
    return Pulse(0, "unknown", judge.scorer.name, judge.threshold, judge.contract.generic, {}, (why,), False)


def _warn_of_watchdog(settings: "Settings") -> None:
    """Warn if systemd would take one slow picture for a hang: it would kill the daemon and start it again."""
    from imgwatch.systemd.drop_in import SLACK_SECONDS
    from imgwatch.systemd.drop_in import watchdog_seconds as needed_seconds
    from imgwatch.systemd.notify import watchdog_seconds

    allowed = watchdog_seconds()
    needed = needed_seconds(settings.limits.decode_seconds)
    if allowed is not None and allowed < needed - SLACK_SECONDS:
        log.warning(
            "WatchdogSec=%g is too short for limits.decode_seconds (%d would do): "
            "run `imgwatch service install` again",
            allowed,
            needed,
        )


def _reload(job: _Job, config: Path | None, orders: Orders) -> _Job:
    """Return the job by the config, read again; a faulty config is logged, and the present job stays."""
    from imgwatch.errors import ConfigError
    from imgwatch.monitoring.observer import require_exporters
    from imgwatch.monitoring.urls import require_notify

    try:
        fresh = load_settings(config)
        require_exporters(fresh.metrics)
        require_notify(fresh.notify)
        if fresh.state != job.settings.state:
            raise ConfigError("`state` can be changed by a restart only")
        known = {watch.path for watch in job.settings.watch}
        require_existing([watch.path for watch in fresh.watch if watch.path not in known])
        model = _open_model(fresh, orders)
    except ImgwatchError as fault:
        log.error("the new config is refused, the running one stays: %s", fault, extra={"cause": "config"})
        job.model.judge.decoder.resume()
        return job
    log.info("the config is read again", extra={"cause": "config"})
    return _Job(fresh, model)


def _say_what_model(is_generic: bool, settings: "Settings") -> None:
    if is_generic and not settings.waits_for_own_model:
        log.warning(
            "the general model is in use, which has seen none of your pictures: run `imgwatch calibrate` or "
            "`imgwatch train` on normal ones and set `model` in the config"
        )
    if settings.mode == "report":
        log.warning("mode is report: nothing will be moved")
    elif settings.waits_for_own_model and is_generic:
        log.warning("%s will be moved: %s", settings.what_auto_moves, ONLY_REPORTS)
