"""The selection of quarantined pictures on the command line: by name, since a time, or all."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch.errors import ImgwatchError, OutsideRoots, UsageError, shown
from imgwatch.lifecycle import ReviewState

if TYPE_CHECKING:
    from imgwatch.former_folders import FormerFolders
    from imgwatch.quarantine import Quarantine
    from imgwatch.quarantine.record import Record
    from imgwatch.quarantine.selecting import Selector

_HELP = "Ids as `list` shows them (the first characters will do), names, paths, or folders that pictures came from."
ChosenOption = Annotated[list[str] | None, typer.Argument(help=_HELP, metavar="WHICH...")]
Named = Annotated[list[str], typer.Argument(help=_HELP, metavar="WHICH...")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="All pictures quarantined since this time: 2026-01-31, 2026-01-31T12:00, or 90m, 12h, 7d ago.",
        metavar="TIME",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All pictures in quarantine.")]
Chosen = Sequence["Record | ImgwatchError"]
_OPEN = (ReviewState.OPEN, ReviewState.LATER)
WITH_MOVED = (*_OPEN, ReviewState.MOVED)
DECIDED = (ReviewState.BINNED, ReviewState.LATER)


def selector(quarantine: "Quarantine", states: Sequence[ReviewState] = _OPEN) -> "Selector":
    """Return a selector for ids, names, paths and folders; of a folder it selects pictures in one of the states."""
    return quarantine.selector(states, Path.cwd())


def chosen(
    quarantine: "Quarantine",
    named: list[str] | None,
    since: str | None,
    everything: bool,
    states: Sequence[ReviewState] = _OPEN,
) -> Chosen:
    """Return the selected records, all from one reading; a text without any becomes a fault, and stops no other."""
    if sum((bool(named), since is not None, everything)) != 1:
        raise UsageError("say which: ids, names, paths or folders, or --since TIME, or --all")
    if named:
        select = selector(quarantine, states)
        records = [record for text in named for record in _selected(select, text)]
        return list({_key(record): record for record in records}.values())
    begin = _moment(since) if since is not None else None
    return [record for record in quarantine.list() if begin is None or record.quarantined_at >= begin]


def follow_renamed(
    chosen: Chosen, folders: "FormerFolders", agrees: Callable[[str], bool]
) -> "tuple[Chosen, dict[str, Path]]":
    """Ask whether pictures whose folder was renamed go into the new one; return the selection, and the folders by id.

    Without agreement, a fault that names the new folder replaces the picture.
    """
    to: dict[str, Path] = {}
    kept: list[Record | ImgwatchError] = []
    answers: dict[tuple[Path, Path], bool] = {}
    for record in chosen:
        move = None if isinstance(record, ImgwatchError) else folders.move_of(Path(record.original))
        if move is None or isinstance(record, ImgwatchError):
            kept.append(record)
            continue
        root, now = move
        finding = f"{shown(root)}, where pictures came from, seems to be {shown(now)} now"
        if move not in answers:
            answers[move] = agrees(f"{finding}. Restore them there?")
        if answers[move]:
            to[record.id] = now
            kept.append(record)
        else:
            kept.append(OutsideRoots(f"{shown(record.original)}: {finding}: add --to {shown(now)}"))
    return kept, to


def _selected(select: "Selector", text: str) -> Chosen:
    try:
        return select(text)
    except ImgwatchError as fault:
        return [fault]


def _key(which: "Record | ImgwatchError") -> object:
    return id(which) if isinstance(which, ImgwatchError) else which.id


def _moment(text: str) -> datetime:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    try:
        if text[-1:] in units:
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: float(text[:-1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise UsageError(f"--since {text}: write 2026-01-31, 2026-01-31T12:00, 90m, 12h or 7d") from fault
