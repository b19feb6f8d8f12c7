"""Which files of a folder want a judgement: the one answer for the daemon, for `rescan` and for a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, file_after
from imgwatch.picture.companions import belongs_to_another
from imgwatch.scan import Listing, Scope, is_candidate, walk


def wants_judgement(path: Path, *, together: bool) -> bool:
    """Tell whether a file is a candidate; what belongs to a picture is none if those stay `together`."""
    return is_candidate(path) and not (together and belongs_to_another(path))


def new_candidates(
    ledger: Ledger, folder: Path, listing: Listing, *, together: bool, awaits: Callable[[Path], bool]
) -> list[Path]:
    """Return the files of one folder that still want a judgement, noting in the ledger those that want none.

    `awaits` tells of others that they belong to a picture which is elsewhere: these are returned, too.
    """
    paths = [folder / name for name in ledger.unfinished(folder, listing)]
    pictures = [path for path in paths if wants_judgement(path, together=together) or awaits(path)]
    if len(pictures) < len(paths):
        others = set(paths) - set(pictures)
        state = file_after(FileEvent.NOT_A_PICTURE)
        ledger.remember((Row(path, listing[path.name], state) for path in others), time.time())
    return pictures


def candidates(
    scopes: Iterable[Scope],
    ledger: Ledger | None = None,
    judged_by: str | None = None,
    *,
    together: bool = False,
) -> Iterator[Path]:
    """Yield the candidates in all scopes, each folder's by name; `together` leaves out what belongs to another picture.

    With a ledger and the name of a model, only those that this model has not judged; nothing is noted.
    """
    for scope in scopes:
        for folder, listing in walk(scope):
            yield from candidates_in(
                folder, listing, ledger, judged_by, partial(wants_judgement, together=together)
            )


def candidates_in(
    folder: Path,
    listing: Listing,
    ledger: Ledger | None,
    judged_by: str | None,
    is_wanted: Callable[[Path], bool],
) -> list[Path]:
    """Return the wanted files of one folder, by name, as `candidates` does."""
    is_asked = ledger is not None and judged_by is not None
    names = ledger.unfinished(folder, listing, judged_by) if is_asked and ledger else list(listing)
    return [path for path in (folder / name for name in sorted(names)) if is_wanted(path)]
