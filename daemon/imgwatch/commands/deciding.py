"""What the commands share that decide on quarantined pictures: what they open, and how they report on each picture."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from imgwatch import console
from imgwatch.commands.choosing import Chosen
from imgwatch.commands.context import open_ledger, open_quarantine
from imgwatch.commands.options import confirm
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


def decide_on_each(records: Chosen, act: "Callable[[Record], str]", as_json: bool, done: str) -> None:
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
            say_decided(which, text, as_json, done)
    if not as_json:
        console.say(f"{len(records) - len(faults)} {done}" + (f", {len(faults)} not." if faults else "."))
    if faults:
        raise typer.Exit(faults[0].exit_code)


def say_decided(record: "Record", text: str, as_json: bool, done: str) -> None:
    """Print what was done to one picture."""
    if as_json:
        console.say_json({"id": record.id, "event": done, "result": text})
    else:
        console.say(f"{record.id}: {text}")


def undo_last(quarantine: "Quarantine", decisions: "Decisions", is_agreed: bool, as_json: bool) -> None:
    """Undo the last decision, after a question if that moves pictures, and print what became of it."""
    from imgwatch.duplicates.replacing import steps_to_undo
    from imgwatch.lifecycle import ReviewState

    steps = steps_to_undo(decisions, quarantine)
    if not steps:
        console.say("Nothing to undo.")
        return
    last = steps[-1]
    if last.restored_to is not None:
        whither = last.record.destination or "quarantine"
        back = "".join(f", and {step.record.original} back" for step in steps[:-1])
        confirm(f"Move {last.restored_to}, which was restored, into {whither} again{back}?", is_agreed)

    def undo_restore(_: "Record") -> str:
        again = [decisions.undo(step) for step in steps][-1]
        if last.restored_to is None:
            return "undecided again"
        if quarantine.review_state(again) is ReviewState.MOVED:
            return f"in {again.destination} again, as {again.id}"
        return f"in quarantine again, as {again.id}"

    decide_on_each([last.record], undo_restore, as_json, "undone")
