"""What `imgwatch setup` asks and shows. Where nobody can be asked, or all is agreed to, defaults are the answers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.errors import InputMissing, UsageError
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.calibration.calibrate import Calibrated
    from imgwatch.outlook import Outlook, Stranger
    from imgwatch.settings import Settings

USUAL_SHARE = 0.01
_SHARES = (0.005, 0.01, 0.02, 0.05)
_NAMED = 5  # pictures of each kind
_WITHOUT = "none"
_USUAL_FOLDERS = ("Pictures/Inbox", "Pictures", "Downloads")


@dataclass(frozen=True)
class Asked:
    """What the user said on the command line; None: to be asked, or to be left as it is."""

    watch: Path | None
    normal: Sequence[Path]
    false_alarms: float | None
    service: bool | None
    is_agreed: bool
    as_json: bool


def ask_folder() -> Path:
    """Ask which folder is to be watched, until it is one. Raises UsageError where nobody can be asked."""
    if not console.is_interactive():
        raise UsageError("which folder is to be kept clean? Name it with --watch DIR")
    usual = next(
        (Path.home() / name for name in _USUAL_FOLDERS if (Path.home() / name).is_dir()), Path.home()
    )
    while True:
        folder = Path(console.ask("Which folder is to be kept clean?", str(usual))).expanduser()
        if folder.is_dir():
            return folder
        console.note(f"{folder}: no such folder")


def choose_normal(
    settings: "Settings", asked: Asked, fit: Callable[[list[Path]], "Calibrated"]
) -> "Calibrated | None":
    """Fit the general model to normal pictures, of a folder that is asked for until one will do; None: without."""
    if asked.normal or not console.is_interactive() or asked.is_agreed:
        folders = [folder.expanduser().absolute() for folder in asked.normal]
        return fit(folders or [watch.path for watch in settings.watch])
    while True:
        answer = console.ask(
            "Where are normal pictures, that should stay? 200 are a beginning, 1,000 are good "
            f"({_WITHOUT}: watch with the general model, which only reports)",
            str(settings.watch[0].path),
        )
        if answer == _WITHOUT:
            return None
        try:
            return fit([Path(answer).expanduser().absolute()])
        except InputMissing as fault:
            console.complain(fault)


def choose_promise(fitted: "Calibrated", outlook: "Outlook", settings: "Settings", asked: Asked) -> float:
    """Show what several promises would do, and let the user choose one."""
    lines = fitted.preview(_SHARES)
    if not asked.as_json:
        console.say(f"Learned from {counted(len(fitted.paths), 'picture')}. What a promise would move:")
        columns = (
            "promise",
            f"of the {counted(len(fitted.paths), 'normal picture')}",
            f"of {counted(outlook.pictures, 'picture')} in the watched folder",
        )
        rows = [
            (f"{line.false_alarms:.1%}", str(line.would_move), str(len(outlook.moved_at(line.threshold))))
            for line in lines
        ]
        console.table(columns, rows)
        for line in lines:
            if not line.can_be_kept:
                console.say(
                    f"To promise {line.false_alarms:.1%} takes {counted(line.fewest_pictures, 'normal picture')}."
                )
    if asked.false_alarms is not None or asked.is_agreed:
        return asked.false_alarms or _present_share(settings)
    while True:
        answer = console.ask(
            "At most how many percent of your normal pictures may be moved?",
            f"{100 * _present_share(settings):g}",
        )
        try:
            share = float(answer.rstrip("% ")) / 100
        except ValueError:
            share = 0.0
        if 0.0 < share <= 0.5:
            return share
        console.note("A number above 0 and at most 50, such as 1")


def _present_share(settings: "Settings") -> float:
    rule = settings.threshold
    return USUAL_SHARE if rule is None or rule.false_alarms is None else rule.false_alarms


def say_moves(outlook: "Outlook", threshold: float, asked: Asked) -> None:
    """Name what would be moved, by kind."""
    moves = outlook.moved_at(threshold)
    if asked.as_json or not moves:
        return
    console.say(
        f"That would move {counted(len(moves), 'picture')} of the watched folder (what lies there now is left alone, "
        "until `imgwatch rescan`):"
    )
    for kind, number in Counter(_kind(stranger) for stranger in moves).most_common():
        console.say(f"  {kind}: {number}")
        for stranger in [one for one in moves if _kind(one) == kind][:_NAMED]:
            console.say(f"    {stranger.path}")


def _kind(stranger: "Stranger") -> str:
    return str(stranger.kind or "stranger")


def report_first_where_synced(settings: "Settings", values: dict[str, str | float], asked: Asked) -> None:
    """Let the daemon only report where a move would delete pictures on other devices, if the user agrees."""
    from imgwatch.doctor.contents import sync_warning

    warnings = [says for watch in settings.watch if (says := sync_warning(watch.path))]
    if not warnings or settings.mode == "report":
        return
    for says in warnings:
        console.note(says)
    if asked.is_agreed or console.agrees("Only report for now, and move nothing (`mode: report`)?"):
        values["mode"] = "report"
