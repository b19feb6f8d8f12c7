"""The record: what the quarantine knows of one picture, enough to undo the move with all else lost.

It reads and writes JSON and trusts nothing that it reads; where records lie, `store` knows.
"""

from __future__ import annotations

import base64
import errno
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self, cast

import msgspec

from imgwatch.errors import RecordMalformed, shown
from imgwatch.files import Place, opened_file
from imgwatch.quarantine.metadata import Traits

LONGEST_NAME_BYTES = 255
LONGEST_RECORD_BYTES = 1 << 20
LONGEST_TEXT = 10_000
RECORD_SUFFIX = ".json"
_LONGEST_PATH_BYTES = 4095
_INT64 = 1 << 63
_HIGHEST_OWNER = (1 << 32) - 2  # the last one means "no change" to chown


class Grounds(Protocol):
    """What a verdict says of a picture; the digest is None where it could not be read as a picture."""

    @property
    def score(self) -> float | None:
        """Bigger is stranger."""

    @property
    def threshold(self) -> float | None:
        """Above it a picture is moved."""

    @property
    def reason(self) -> str:
        """Why, in words."""

    @property
    def model(self) -> str:
        """Which model said so."""

    @property
    def sha256(self) -> str | None:
        """The digest of what was judged."""

    @property
    def parts(self) -> Mapping[str, float]:
        """What the score is made of."""


class Judgement(msgspec.Struct, frozen=True):
    """Why a picture was moved, as its record keeps it: the grounds with the digest of what was moved."""

    score: float | None
    threshold: float | None
    reason: str
    model: str
    sha256: str
    parts: Mapping[str, float] = {}

    @classmethod
    def of(cls, grounds: Grounds, sha256: str) -> Self:
        """Take over the grounds; a reason longer than a record may hold is cut."""
        reason = grounds.reason[:LONGEST_TEXT]
        return cls(grounds.score, grounds.threshold, reason, grounds.model, sha256, dict(grounds.parts))


class Record(msgspec.Struct, frozen=True):
    """One picture in quarantine: `file` is its name in pictures/, `original` where it came from."""

    id: str
    file: str
    original: str
    size_bytes: int
    traits: Traits
    judgement: Judgement
    quarantined_at: datetime

    @property
    def sha256(self) -> str:
        """Give the digest of the picture as it was judged."""
        return self.judgement.sha256

    def to_json(self) -> dict[str, Any]:
        """Give the record as the JSON object that is written and that `quarantine list --json` shows."""
        traits, judgement = self.traits, self.judgement
        return {
            "id": self.id,
            "original": self.original,
            "file": self.file,
            "score": judgement.score,
            "threshold": judgement.threshold,
            "reason": judgement.reason,
            "model": judgement.model,
            "sha256": judgement.sha256,
            "bytes": self.size_bytes,
            "quarantined_at": rfc3339(self.quarantined_at),
            "parts": dict(judgement.parts),
            "uid": traits.uid,
            "gid": traits.gid,
            "mode": traits.mode,
            "atime_ns": traits.atime_ns,
            "mtime_ns": traits.mtime_ns,
            "xattrs": {k: base64.b64encode(v).decode() for k, v in traits.xattrs.items()},
        }

    @classmethod
    def from_json(cls, found: object) -> Self:
        """Check every field and make the record; raises RecordMalformed naming the first bad field."""
        fields = _checked(found)
        judgement = Judgement(**{key: fields[key] for key in _JUDGEMENT})
        xattrs = {name: base64.b64decode(value) for name, value in fields["xattrs"].items()}
        return cls(
            id=fields["id"],
            file=fields["file"],
            original=fields["original"],
            size_bytes=fields["bytes"],
            traits=Traits(**{key: fields[key] for key in _TRAITS}, xattrs=xattrs),
            judgement=judgement,
            quarantined_at=parsed_time(fields["quarantined_at"]),
        )


def load_record(folder: int, name: str) -> Record:
    """Read one file of the folder of records; raises RecordMalformed or OSError."""
    try:
        with opened_file(Place(folder, name, Path(name))) as descriptor:
            content = os.pread(descriptor, LONGEST_RECORD_BYTES + 1, 0)
    except OSError as fault:
        if fault.errno != errno.EINVAL:
            raise
        raise RecordMalformed("is not a regular file") from fault
    if len(content) > LONGEST_RECORD_BYTES:
        raise RecordMalformed("is too long")
    record = Record.from_json(decode_json(content))
    if record.file + RECORD_SUFFIX != name:
        raise RecordMalformed(f"speaks of another file, {shown(record.file)}")
    return record


def encode_json(content: object) -> bytes:
    """Write one line of JSON; names that are no UTF-8 become escaped surrogates, which os.fsencode undoes."""
    return json.dumps(content, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def decode_json(content: bytes) -> object:
    """Read JSON, hostile or torn as it may be; raises RecordMalformed."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordMalformed(f"is no JSON: {error}") from error


def rfc3339(moment: datetime) -> str:
    """Spell a moment in UTC with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parsed_time(text: str) -> datetime:
    """Read a moment; raises ValueError or OverflowError if it is none or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)


def is_plain_name(name: object) -> bool:
    """Tell whether this is the name of something in a folder, and of nothing elsewhere."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
        return False
    return _encoded_size(name) <= LONGEST_NAME_BYTES


def is_plain_path(path: object) -> bool:
    """Tell whether this is an absolute, normalised path, so one without `..`."""
    if not isinstance(path, str) or "\0" in path or not path.startswith("/") or path.startswith("//"):
        return False
    parts = path[1:].split("/")
    return all(is_plain_name(part) for part in parts) and _encoded_size(path) <= _LONGEST_PATH_BYTES


def _encoded_size(name: str) -> int:
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return _LONGEST_PATH_BYTES + 1


def _is_int(lowest: int, highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def _is_number(value: object) -> bool:
    return (
        type(value) in (int, float) and abs(cast(float, value)) < 1e300 and math.isfinite(cast(float, value))
    )


def _is_number_or_none(value: object) -> bool:
    return value is None or _is_number(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _is_matching(pattern: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and parsed_time(value) is not None
    except (ValueError, OverflowError):
        return False


def _is_parts(value: object) -> bool:
    return isinstance(value, dict) and all(_is_number(part) for part in value.values())


def _is_xattrs(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    try:
        return all(
            is_plain_name(k) and base64.b64decode(v, validate=True) is not None for k, v in value.items()
        )
    except (ValueError, TypeError):
        return False


_RULES: dict[str, Callable[[object], bool]] = {
    "id": _is_matching("[0-9a-f]{12}"),
    "original": is_plain_path,
    "file": is_plain_name,
    "score": _is_number_or_none,
    "threshold": _is_number_or_none,
    "reason": _is_text,
    "model": _is_text,
    "sha256": _is_matching("[0-9a-f]{64}"),
    "bytes": _is_int(0, _INT64 - 1),
    "quarantined_at": _is_time,
    "parts": _is_parts,
    "uid": _is_int(0, _HIGHEST_OWNER),
    "gid": _is_int(0, _HIGHEST_OWNER),
    "mode": _is_int(0, 0o7777),
    "atime_ns": _is_int(-_INT64, _INT64 - 1),
    "mtime_ns": _is_int(-_INT64, _INT64 - 1),
    "xattrs": _is_xattrs,
}
_JUDGEMENT = ("score", "threshold", "reason", "model", "sha256", "parts")
_TRAITS = ("uid", "gid", "mode", "atime_ns", "mtime_ns")


def _checked(found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise RecordMalformed("is no JSON object")
    for key, is_good in _RULES.items():
        if key not in found:
            raise RecordMalformed(f"has no {key}")
        if not is_good(found[key]):
            raise RecordMalformed(f"has a {key} that is not usable")
    return cast(dict[str, Any], found)
