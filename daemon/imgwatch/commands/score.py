"""`imgwatch score`: print how pictures are judged; it moves and remembers nothing."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.configured_models import open_judges
from imgwatch.commands.context import load_settings
from imgwatch.commands.judged_line import say_judged
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.commands.rescan_results import say_unread
from imgwatch.errors import InputMissing

if TYPE_CHECKING:
    from imgwatch.judging import Judged
    from imgwatch.picture.formats import Format

_STDIN = "-"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def score(
    paths: Annotated[
        list[str], typer.Argument(help="Files or folders; - is the standard input.", metavar="PATH...")
    ],
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain", help="Write each picture's copy and heat map into this folder.", metavar="DIR"
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print score, threshold, verdict and reason of pictures. Moves nothing.

    A path that does not exist is reported, the others are still judged, and the exit code is 66.
    """
    settings = load_settings(config)
    with (
        _standard_input(settings.limits.file_megabytes if _STDIN in paths else None) as piped,
        open_judges(settings) as judges,
        console.progress() as progress,
    ):
        unread: Counter[Format] = Counter()
        named = [piped if path == _STDIN and piped else Path(path) for path in paths]
        missing = [fault for path in paths if path != _STDIN and (fault := _missing(path)) is not None]
        wanted = list(_pictures([path for path in named if path.exists() or path.is_symlink()], unread))
        for number, judged in enumerate(judges.judge(wanted), 1):
            say_judged(_under_its_name(judged, piped), as_json)
            progress("score", number, len(wanted))
        if explain is not None:
            from imgwatch.explain import explain_pictures

            explain_pictures(judges.main, wanted, explain)
    say_unread(unread)
    for fault in missing:
        console.complain(fault)
    if missing:
        raise typer.Exit(InputMissing.exit_code)


@contextmanager
def _standard_input(most_megabytes: float | None) -> Iterator[Path | None]:
    """Yield a file with what is piped in, or None: at most one byte more than the limit on a file."""
    if most_megabytes is None:
        yield None
        return
    with TemporaryDirectory(prefix="imgwatch-") as folder:
        path = Path(folder) / "stdin"
        path.write_bytes(sys.stdin.buffer.read(int(most_megabytes * 1e6) + 1))
        yield path


def _missing(path: str) -> InputMissing | None:
    if Path(path).exists() or Path(path).is_symlink():
        return None
    if _URL.match(path):
        return InputMissing(f"{path}: URLs are not fetched; pipe it in: curl -sS URL | imgwatch score -")
    return InputMissing(f"{path}: no such file or folder")


def _under_its_name(judged: "Judged", piped: Path | None) -> "Judged":
    return replace(judged, path=Path(_STDIN)) if judged.path == piped else judged


def _pictures(paths: list[Path], unread: "Counter[Format]") -> Iterator[Path]:
    """Yield named files, and the candidates in named folders; count files of unreadable formats in `unread`."""
    from imgwatch.candidates import candidates
    from imgwatch.scan import Scope

    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from candidates([Scope(path.resolve())], unread=unread)
        else:
            yield path
