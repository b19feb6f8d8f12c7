"""Show the pictures that stand out from the rest of a folder, and ask which of them are junk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.options import require_existing
from imgwatch.errors import UsageError
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.calibration.odd_pictures import OddPictures

ExcludeOption = Annotated[
    Path | None,
    typer.Option(
        "--exclude",
        help="A file that lists pictures or folders to leave out, one path per line.",
        metavar="FILE",
    ),
]
ReviewOption = Annotated[
    bool,
    typer.Option("--review", help="Ask which of the pictures that stand out are junk, and leave those out."),
]
_FEWEST_SHOWN, _MOST_SHOWN = 3, 40
_NUMBERS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")


def read_exclude_list(exclude: Path | None) -> tuple[Path, ...]:
    """Return the paths in a file that `--exclude` names. Raises InputMissing."""
    if exclude is None:
        return ()
    require_existing([exclude])
    lines = exclude.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return tuple(Path(line).absolute() for line in lines if line.strip() and not line.startswith("#"))


def require_somebody(is_review: bool, as_json: bool) -> None:
    """Raise UsageError if `--review` has nobody to ask."""
    if is_review and as_json:
        raise UsageError("--review asks a person, and --json answers a program: leave out one of them")
    if is_review and not console.is_interactive():
        raise UsageError(
            "--review asks on a terminal; without one, choose on the training page of the gallery"
        )


def say_left_out(odd: OddPictures) -> tuple[Path, ...]:
    """Return the pictures that the user called junk before, and print their number to stderr."""
    chosen = tuple(odd.left_out())
    if chosen:
        verb = "is" if len(chosen) == 1 else "are"
        console.note(f"{counted(len(chosen), 'picture')} that you chose {verb} left out: {odd.list_file}")
    return chosen


def say_standing_out(strangest: Sequence[tuple[Path, float | None]], standing_out: int) -> list[Path]:
    """Print the pictures that stand out, or the strangest few, with numbers and known scores; return them.

    The threshold depends on them: junk among them lets similar junk pass.
    """
    if standing_out:
        stand, count = ("stands", "counts") if standing_out == 1 else ("stand", "count")
        console.say(
            f"{standing_out} of your pictures {stand} out from the rest, but {count} as normal too. The strangest:"
        )
    else:
        console.say("No picture stands out clearly; these are the strangest:")
    shown = list(strangest[: max(_FEWEST_SHOWN, min(standing_out, _MOST_SHOWN))])
    for number, (path, score) in enumerate(shown, 1):
        console.say(f"{number:4d}  {path}" if score is None else f"{number:4d}  {score:8.4g}  {path}")
    return [path for path, _ in shown]


def ask_which_are_junk(odd: OddPictures, shown: Sequence[Path]) -> int:
    """Ask which of the pictures shown are junk, and leave them out from now on; return how many. Raises UsageError."""
    answer = console.ask("Which of them are junk? Numbers such as 1 3-5, or nothing")
    chosen = [shown[number - 1] for number in numbers_in(answer, len(shown))]
    if chosen:
        odd.leave_out(dict.fromkeys((*odd.left_out(), *chosen)))
    return len(chosen)


def numbers_in(answer: str, most: int) -> list[int]:
    """Return the numbers that an answer such as "1, 3-5" names, ascending. Raises UsageError."""
    numbers: set[int] = set()
    for word in answer.replace(",", " ").split():
        match = _NUMBERS.fullmatch(word)
        first, last = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
        if not 1 <= first <= last <= most:
            raise UsageError(
                f"{word}: not a number from 1 to {most}, nor a range such as 3-5; nothing was done"
            )
        numbers |= set(range(first, last + 1))
    return sorted(numbers)
