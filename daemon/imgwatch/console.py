"""What a command prints: results on stdout, for people or, with --json, one object a line; progress on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgwatch.errors import ImgwatchError, shown
from imgwatch.progress import Progress, silent

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINE_SECONDS = 2.0
_JSON = json.JSONEncoder(default=str).encode  # json.dumps makes one for each object


def say(text: str) -> None:
    """Print one line for people; what does not print, a line break too, is escaped."""
    _write(shown(text))


def say_json(values: dict[str, object]) -> None:
    """Print one object on one line. Names that are not UTF-8 keep their bytes as escaped surrogates."""
    _write(_JSON(values))


def _write(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201 - the one place that prints results
    except BrokenPipeError:
        sys.stderr.close()  # the reader has had enough (`| head`): end quietly
        raise SystemExit(0) from None


def complain(fault: ImgwatchError | str) -> None:
    """Print a fault on stderr, each of its details on a line of its own."""
    message, details = (fault, ()) if isinstance(fault, str) else (fault.message, fault.details)
    lines = (f"imgwatch: {message}", *(f"  {detail}" for detail in details))
    print("\n".join(map(shown, lines)), file=sys.stderr, flush=True)  # noqa: T201 - as above


def note(text: str) -> None:
    """Print a remark on stderr, beside the results."""
    print("\n".join(map(shown, text.splitlines())), file=sys.stderr, flush=True)  # noqa: T201 - as above


def width() -> int | None:
    """Return how many characters a line of the terminal has; None if the output goes to a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table_width(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Return how many characters the longest line of a table has."""
    lines = [tuple(columns), *rows]
    return sum(max(len(line[column]) for line in lines) + 2 for column in range(len(columns))) - 2


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, one line per row; the last column is not padded."""
    lines = [tuple(columns), *map(_shown_row, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns) - 1)]
    spelled = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), last])
        for *cells, last in lines
    ]
    _write("\n".join(spelled))


def _shown_row(row: Sequence[str]) -> Sequence[str]:
    return row if "".join(row).isprintable() else tuple(map(shown, row))  # as most rows are


def draw(picture: RenderableType) -> None:
    """Draw something of Rich's on the terminal."""
    from rich.console import Console

    Console().print(picture)


def is_interactive() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty()


def agrees(question: str) -> bool:
    """Return whether the person at the terminal agrees; True if there is none."""
    from typer import confirm

    return not is_interactive() or confirm(question)


def ask(question: str, default: str = "") -> str:
    """Return a line from the person at the terminal; the default for an empty line, or without a terminal."""
    from typer import prompt

    if not is_interactive():
        return default
    return str(prompt(shown(question), default=default, show_default=bool(default), err=True)).strip()


def _progress_in_lines() -> Progress:
    last_stage, last_time = "", 0.0

    def show(stage: str, done: int, total: int) -> None:
        nonlocal last_stage, last_time
        now = time.monotonic()
        if stage != last_stage or done == total or now - last_time >= _LINE_SECONDS:
            last_stage, last_time = stage, now
            note(f"{stage}: {done} of {total}" if total else f"{stage}: {done}")

    return show


@contextmanager
def progress(*, in_lines: bool = False) -> Iterator[Progress]:
    """Show a progress bar on a terminal, nothing in a pipe; or a line every two seconds, as for a log."""
    if in_lines:
        yield _progress_in_lines()
        return
    if not sys.stderr.isatty():
        yield silent
        return
    from rich import progress as bar
    from rich.console import Console

    columns = (
        bar.TextColumn("{task.description}"),
        bar.BarColumn(),
        bar.MofNCompleteColumn(),
        bar.TimeRemainingColumn(),
    )
    # Rich would show what is printed above the bar, and so on the terminal even where stdout is a file
    is_shown = sys.stdout.isatty()
    with bar.Progress(*columns, console=Console(stderr=True), redirect_stdout=is_shown) as bars:
        tasks = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield show
