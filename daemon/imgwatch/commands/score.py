"""`imgwatch score`: print how pictures are judged; it moves and remembers nothing."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.cluster import say_unread
from imgwatch.commands.context import ConfigOption, JsonOption, existing, load_settings, open_judge
from imgwatch.commands.judged_line import say_judged

if TYPE_CHECKING:
    from imgwatch.picture.formats import Format


def score(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders.", metavar="PATH...")],
    explain: Annotated[
        Path | None,
        typer.Option(
            "--explain", help="Write each picture's copy and heat map into this folder.", metavar="DIR"
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print score, threshold, verdict and reason of pictures; move nothing."""
    settings = load_settings(config)
    with open_judge(settings) as judge, console.progress() as progress:
        unread: Counter[Format] = Counter()
        wanted = list(_pictures(existing(paths), unread))
        for number, judged in enumerate(judge.judge(wanted), 1):
            say_judged(judged, as_json)
            progress("score", number, len(wanted))
        if explain is not None:
            from imgwatch.explain import explain_pictures

            explain_pictures(judge, wanted, explain)
    say_unread(unread)


def _pictures(paths: list[Path], unread: "Counter[Format]") -> Iterator[Path]:
    """Yield named files as they are, and the candidates in named folders; count there what is not read."""
    from imgwatch.candidates import candidates
    from imgwatch.scan import Scope

    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from candidates([Scope(path.resolve())], unread=unread)
        else:
            yield path
