"""Records of the quarantine for people: one in a few lines, many in a table, which a narrow terminal folds."""

from __future__ import annotations

import grp
import pwd
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.dates import local_time
from imgwatch.wording import sentence

if TYPE_CHECKING:
    from imgwatch.quarantine.moved import Moved
    from imgwatch.quarantine.record import Record

COLUMNS = ("id", "quarantined", "score", "from", "reason")
_MINUTE = len("2026-05-01 12:00")
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def row_of(record: Record) -> tuple[str, ...]:
    """Return a list's row for a record, by COLUMNS."""
    score, at = record.judgement.score, record.quarantined_at.astimezone()
    return (
        record.id,
        at.isoformat(" ", "minutes")[:_MINUTE],  # strftime takes twice as long
        "-" if score is None else f"{score:.3g}",
        record.original,
        sentence(record.judgement.reason),
    )


def narrow_rows(record: Record, width: int) -> tuple[str, str]:
    """Return the row in two lines of at most `width` characters: the path last, as its end says most."""
    record_id, at, score, path, reason = row_of(record)
    return shortened(f"{record_id}  {at}  {score:<5}  {reason}", width), "  " + shortened(path, width - 2)


def say_records(records: Sequence[Record]) -> None:
    """Print a table if it fits the terminal, else two lines per picture; to a pipe, always the table."""
    rows, width = [row_of(record) for record in records], console.width()
    if width is None or console.table_width(COLUMNS, rows) <= width:
        console.table(COLUMNS, rows)
        return
    for record in records:
        for line in narrow_rows(record, width):
            console.say(line)


def say_moved(moved: Sequence[Moved], as_json: bool) -> None:
    """Print which pictures were moved to the folders for their kinds, and where they went."""
    if as_json:
        for item in moved:
            console.say_json(item.record.to_json() | {"moved_to": str(item.path)})
    elif not moved:
        console.say("Nothing was moved to a folder for its kind, or all of it was restored.")
    else:
        rows = [
            (
                item.record.id,
                f"{item.record.quarantined_at.astimezone():%Y-%m-%d %H:%M}",
                item.record.original,
                str(item.path),
            )
            for item in moved
        ]
        console.table(("id", "moved", "from", "to"), rows)


def shortened(text: str, width: int) -> str:
    """Return a text of at most `width` characters, shortened in the middle."""
    if len(text) <= width:
        return text
    end = (width - 3) // 2
    return f"{text[: width - 3 - end]}...{text[len(text) - end :]}"


def lines_of(record: Record, path: Path) -> list[tuple[str, str]]:
    """Return label and words for everything known about a record whose picture lies at `path`."""
    judgement, metadata = record.judgement, record.metadata
    score = "none" if judgement.score is None else f"{judgement.score:.4g}"
    threshold = "" if judgement.threshold is None else f", where {judgement.threshold:.4g} is the threshold"
    lines = [
        ("id", record.id),
        ("came from", record.original),
        ("lies at", str(path)),
        ("reason", sentence(judgement.reason)),
        ("kind", str(judgement.kind or "")),
        ("score", score + threshold),
        ("parts", ", ".join(f"{name} {value:.3g}" for name, value in judgement.parts.items())),
        ("model", judgement.model),
        ("quarantined", f"{record.quarantined_at.astimezone():%Y-%m-%d %H:%M:%S}"),
        ("last changed", f"{local_time(metadata.mtime_ns / 1e9):%Y-%m-%d %H:%M:%S}"),
        ("size", size_of(record.size_bytes)),
        ("owner", f"{_user(metadata.uid)}, group {_group(metadata.gid)}"),
        ("rights", stat.filemode(stat.S_IFREG | metadata.mode)[1:]),
        ("attributes", ", ".join(metadata.xattrs)),
        ("came with", ", ".join(companion.name for companion in record.companions)),
        ("sha256", record.sha256),
    ]
    return [(label, words) for label, words in lines if words]


def size_of(number: int) -> str:
    """Return a number of bytes in a suitable unit."""
    size, unit = float(number), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{number} bytes" if unit == 0 else f"{size:.3g} {_UNITS[unit]}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except (KeyError, OverflowError):
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except (KeyError, OverflowError):
        return str(number)
