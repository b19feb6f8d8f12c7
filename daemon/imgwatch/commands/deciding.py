"""What the commands share that decide on quarantined pictures: what they open, and how they report on each picture."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from imgwatch import console
from imgwatch.commands.choosing import Chosen
from imgwatch.commands.context import open_ledger, open_quarantine
from imgwatch.errors import ImgwatchError

if TYPE_CHECKING:
    from imgwatch.decisions import Decisions
    from imgwatch.ledger import Ledger
    from imgwatch.quarantine import Quarantine
    from imgwatch.quarantine.record import Record
    from imgwatch.settings import Settings


@contextmanager
def opened_decisions(settings: "Settings") -> "Iterator[tuple[Quarantine, Decisions, Ledger]]":
    """Open the quarantine, the decisions about what is in it, and the ledger."""
    from imgwatch.decisions import Decisions

    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        yield quarantine, Decisions(quarantine, ledger), ledger


def each(records: Chosen, act: "Callable[[Record], str]", as_json: bool, done: str) -> None:
    """Apply `act` to each record; print faults and continue. Then exit with the first fault's exit code."""
    faults: list[ImgwatchError] = []
    for which in records:
        try:
            if isinstance(which, ImgwatchError):
                raise which
            text = act(which)
        except ImgwatchError as fault:
            console.complain(fault)
            faults.append(fault)
        else:
            say(which, text, as_json, done)
    if not as_json:
        console.say(f"{len(records) - len(faults)} {done}" + (f", {len(faults)} not." if faults else "."))
    if faults:
        raise typer.Exit(faults[0].exit_code)


def say(record: "Record", text: str, as_json: bool, done: str) -> None:
    """Print what was done to one picture."""
    if as_json:
        console.say_json({"id": record.id, "event": done, "result": text})
    else:
        console.say(f"{record.id}: {text}")
