"""The daemon's loop in a thread of this process, with short pauses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon import wait_until
from imgwatch.commands.configured_models import main_model, models_of_folders
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.ledger import Ledger
from imgwatch.live_model import LiveModel
from imgwatch.model.tried_models import TriedModels
from imgwatch.quarantine import Quarantine
from imgwatch.service import Service
from imgwatch.status import Pulse
from imgwatch.timers import Pauses

PAUSES = Pauses(housekeeping=0.05, resting=0.05, retry=0.1, pulse=0.01, look_for_due=0.05)


class Running:
    """A service in a thread; `troubles` are all that it ever reported."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.pulses: list[Pulse] = []
        self.is_ready = threading.Event()
        self.ended: BaseException | None = None

    def work(self, change: Callable[[Quarantine, Ledger], None] | None) -> None:
        settings = load_settings(self.config)
        try:
            with open_ledger(settings) as ledger:
                quarantine = open_quarantine(settings, ledger)
                model = LiveModel(
                    main_model(settings),
                    settings.limits.limits(),
                    1,
                    models_of_folders(settings),
                    TriedModels(settings.state),
                )
                if change is not None:
                    change(quarantine, ledger)
                self.service = Service(settings, model, quarantine, ledger, self.pulses.append, pauses=PAUSES)
                try:
                    self.service.run(self.is_ready.set)
                finally:
                    model.close()
        except BaseException as fault:  # noqa: BLE001 - the test looks at it
            self.ended = fault

    @property
    def troubles(self) -> set[str]:
        return {trouble for pulse in self.pulses for trouble in pulse.troubles}


@contextmanager
def running(config: Path, change: Callable[[Quarantine, Ledger], None] | None = None) -> Iterator[Running]:
    run = Running(config)
    thread = threading.Thread(target=run.work, args=(change,))
    thread.start()
    wait_until(lambda: run.is_ready.is_set() or run.ended is not None)
    assert run.ended is None
    try:
        yield run
    finally:
        if hasattr(run, "service"):
            run.service.stop()
        thread.join(60)
    assert not thread.is_alive()
    assert run.ended is None, run.ended
