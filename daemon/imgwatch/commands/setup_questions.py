"""The questions of `imgwatch setup`. If nobody can be asked, or with --yes, defaults are the answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.errors import InputMissing, UsageError
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.calibration.calibrated import Calibrated
    from imgwatch.outlook import Outlook, Stranger
    from imgwatch.setting_up import Setup

_SHARES = (0.005, 0.01, 0.02, 0.05)
_NAMED = 5  # pictures of each kind
_WITHOUT = "none"
_USUAL_FOLDERS = ("Pictures/Inbox", "Pictures", "Downloads")


@dataclass(frozen=True)
class Asked:
    """The options of the command line; None: to be asked, or left unchanged."""

    normal: Sequence[Path]
    false_alarms: float | None
    service: bool | None
    is_agreed: bool
    as_json: bool


def ask_folder() -> Path:
    """Ask for the folder to watch until it exists. Raises UsageError if nobody can be asked."""
    if not console.is_interactive():
        raise UsageError("which folder should imgwatch keep clean? Name it with --watch DIR")
    usual = next(
        (Path.home() / name for name in _USUAL_FOLDERS if (Path.home() / name).is_dir()), Path.home()
    )
    while True:
        folder = Path(console.ask("Which folder should imgwatch keep clean?", str(usual))).expanduser()
        if folder.is_dir():
            return folder
        console.note(f"{folder}: no such folder")


def choose_normal(chosen: "Setup", asked: Asked) -> "Calibrated | None":
    """Learn from normal pictures, asking for their folder until one has enough; None without normal pictures."""

    def learn(folders: Sequence[Path]) -> "Calibrated":
        with console.progress() as progress:
            return chosen.learn(folders, asked.false_alarms or chosen.present_share, progress)

    if asked.normal or not console.is_interactive() or asked.is_agreed:
        return learn([folder.expanduser().absolute() for folder in asked.normal])
    default = "" if chosen.has_own_model else str(chosen.watched[0])
    while True:
        answer = console.ask(
            "Where are your normal pictures, those that should stay? 200 are enough to begin, 1,000 are better "
            f"({_WITHOUT}: use the general model, which only reports)",
            default,
        )
        if answer == _WITHOUT:
            return None
        try:
            return learn([Path(answer).expanduser().absolute()] if answer else [])
        except InputMissing as fault:
            console.complain(fault)


def choose_promise(chosen: "Setup", learned: "Calibrated", outlook: "Outlook", asked: Asked) -> float:
    """Show what several promises would do, and return the one that the user chooses."""
    lines = learned.preview(_SHARES)
    if not asked.as_json:
        console.say(f"Learned from {counted(len(learned.paths), 'picture')}. What a promise would move:")
        columns = (
            "promise",
            f"of the {counted(len(learned.paths), 'normal picture')}",
            f"of {counted(outlook.pictures, 'picture')} in the watched folder",
        )
        rows = [
            (
                f"{100 * line.false_alarms:.1f} %",
                str(line.would_move),
                str(len(outlook.moved_at(line.threshold))),
            )
            for line in lines
        ]
        console.table(columns, rows)
        for line in lines:
            if not line.can_be_kept:
                console.say(
                    f"To promise {100 * line.false_alarms:.1f} % takes "
                    f"{counted(line.fewest_pictures, 'normal picture')}."
                )
    if asked.false_alarms is not None or asked.is_agreed:
        return asked.false_alarms or chosen.present_share
    while True:
        answer = console.ask(
            "At most how many percent of your normal pictures may be moved?",
            f"{100 * chosen.present_share:g}",
        )
        try:
            share = float(answer.rstrip("% ")) / 100
        except ValueError:
            share = 0.0
        if 0.0 < share <= 0.5:
            return share
        console.note("A number above 0 and at most 50, such as 1")


def say_moves(outlook: "Outlook", threshold: float, asked: Asked) -> None:
    """Print what would be moved, by kind."""
    moves = outlook.moved_at(threshold)
    if asked.as_json or not moves:
        return
    console.say(
        f"That would move {counted(len(moves), 'picture')} of the watched folder (what lies there now is left alone, "
        "until `imgwatch rescan`):"
    )
    for kind, number in Counter(_kind(stranger) for stranger in moves).most_common():
        console.say(f"  {kind}: {number}")
        for stranger in [move for move in moves if _kind(move) == kind][:_NAMED]:
            console.say(f"    {stranger.path}")


def _kind(stranger: "Stranger") -> str:
    return str(stranger.kind or "stranger")


def wants_only_reports(chosen: "Setup", asked: Asked) -> bool:
    """Return whether to move nothing for now; asked if a move would delete pictures on other devices."""
    warnings = chosen.sync_warnings
    for warning in warnings:
        console.note(warning)
    return bool(warnings) and (
        asked.is_agreed or console.agrees("Only report for now, and move nothing (`mode: report`)?")
    )
