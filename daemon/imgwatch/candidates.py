"""Which files of a folder need a judgement: the one definition for the daemon, `rescan` and a cluster."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from imgwatch.files import Identity
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, FileState, file_after
from imgwatch.picture.companions import belongs_to_another
from imgwatch.picture.formats import Format, readable
from imgwatch.scan import Listing, Scope, format_of, walk
from imgwatch.settings import plain
from imgwatch.settings.kinds import KindSettings

log = logging.getLogger(__name__)


def wants_judgement(path: Path, *, together: bool, unread: Counter[Format] | None = None) -> bool:
    """Return whether a file is a candidate; a companion is not if companions stay `together` with their pictures.

    Nor is a file of a format that cannot be read here, which is counted in `unread`.
    """
    claimed = claimed_format(path, together=together)
    if claimed is not None and not claimed.is_readable and unread is not None:
        unread[claimed] += 1
    return claimed is not None and claimed.is_readable


def claimed_format(path: Path, *, together: bool) -> Format | None:
    """Return the format of a picture or film, read here or not; None of other files and, `together`, of companions."""
    claimed = format_of(path)
    return None if claimed is None or (together and belongs_to_another(path)) else claimed


def left_alone(path: Path, identity: Identity, claimed: Format | None) -> Row:
    """Return the ledger's row for a file that needs no judgement; an unreadable format is logged once."""
    if claimed is None:
        return Row(path, identity, file_after(FileEvent.NOT_A_PICTURE))
    _log_once(claimed, path)
    return Row(path, identity, file_after(FileEvent.FORMAT_NOT_READ), left_alone_as=claimed.name)


_LOGGED: set[str] = set()  # formats that the log of this process has named


def _log_once(claimed: Format, first: Path) -> None:
    if claimed.name not in _LOGGED:
        _LOGGED.add(claimed.name)
        log.warning(
            "%s. The first is %s; `imgwatch status` counts the others",
            claimed.left_alone(1),
            first,
        )


def take_up_formats(ledger: Ledger) -> None:
    """Forget which files were passed over, or were no pictures, if the readable formats have changed.

    The next scan then looks at them again.
    """
    formats = " ".join(sorted(readable()))
    if ledger.facts.formats != formats:
        ledger.forget_all_in(FileState.OTHER, FileState.PASSED_OVER)
        ledger.facts.put_formats(formats)


def take_up_kinds(ledger: Ledger, kinds: KindSettings) -> None:
    """Forget files that wait or were left alone for their kind, if its rules changed; the next scan judges them."""
    rules = json.dumps(plain(kinds))
    if ledger.facts.kinds != rules:
        ledger.forget_all_in(FileState.KIND_KEPT, FileState.WAITING)
        ledger.facts.put_kinds(rules)


def new_candidates(
    ledger: Ledger, folder: Path, listing: Listing, *, together: bool, awaits: Callable[[Path], bool]
) -> list[Path]:
    """Return the files of one folder that still need a judgement; note those that need none in the ledger.

    Files for which `awaits` holds, as they belong to a picture that is elsewhere, are returned, too.
    """
    pictures: list[Path] = []
    others: list[Row] = []
    for name in ledger.unfinished(folder, listing):
        path, identity = folder / name, Identity.of_version(listing[name])
        claimed = claimed_format(path, together=together)
        if claimed is not None and claimed.is_readable and ledger.left_alone.lay_there(identity, name):
            others.append(Row(path, identity, FileState.EXISTING))
        elif (claimed is not None and claimed.is_readable) or awaits(path):
            pictures.append(path)
        else:
            others.append(left_alone(path, identity, claimed))
    if others:
        ledger.remember(others, time.time())
    return pictures


def candidates(
    scopes: Iterable[Scope],
    ledger: Ledger | None = None,
    judged_by: str | None = None,
    *,
    together: bool = False,
    unread: Counter[Format] | None = None,
) -> Iterator[Path]:
    """Yield the candidates in all scopes, each folder's by name; `together` leaves out companions.

    With a ledger and the name of a model, only those that this model has not judged; nothing is noted.
    Files of formats that are not read here are counted in `unread`.
    """
    for scope in scopes:
        for folder, listing in walk(scope):
            is_wanted = partial(wants_judgement, together=together, unread=unread)
            yield from candidates_in(folder, listing, ledger, judged_by, is_wanted)


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
