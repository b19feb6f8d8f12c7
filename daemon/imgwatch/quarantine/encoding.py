"""How records, log and journal lie on the disk: JSON in one line of ASCII, times in UTC. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from imgwatch.errors import RecordMalformed


def encode_json(content: object) -> bytes:
    """Return one line of JSON; names that are not UTF-8 become escaped surrogates, which os.fsencode undoes."""
    return json.dumps(content, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def decode_json(content: bytes) -> object:
    """Read JSON, hostile or torn as it may be; raises RecordMalformed."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordMalformed(f"is not JSON: {error}") from error


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC with microseconds (RFC 3339), so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Parse a time; raises ValueError or OverflowError if it is none or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)
