"""The record: what the quarantine knows of one picture, enough to undo the move with all else lost.

It reads and writes JSON and trusts nothing that it reads. docs/formats.md is its specification.
"""

from __future__ import annotations

import base64
import errno
import json
import math
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed, shown
from imgwatch.files import Place, opened_file
from imgwatch.judgement import Judgement, Kind, Reason, ReasonCode, Verdict, in_words
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.schema_1 import reason_of_schema_1
from imgwatch.wording import sentence

SCHEMA = 2  # what it means, and what came when: docs/formats.md
LONGEST_NAME_BYTES = 255
LONGEST_RECORD_BYTES = 1 << 20
LONGEST_TEXT = 10_000
RECORD_SUFFIX = ".json"
_LONGEST_PATH_BYTES = 4095
_MISSING = re.compile(r"missing required field `(\w+)`")
_AT = re.compile(r"- at `\$\.(\w+)")
_KINDS = {str(kind): kind for kind in Kind}
_LONGEST_TIME_NS = 1 << 66  # some file systems know more than a 64-bit number of nanoseconds
_HIGHEST_OWNER = (1 << 32) - 2  # the last one means "no change" to chown


def of_what_is_moved(judgement: Judgement, sha256: str) -> Judgement:
    """Return a judgement with the digest of what is moved, and no text longer than a record may hold."""
    figures = {
        name: value[:LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in judgement.reason.figures.items()
    }
    return msgspec.structs.replace(judgement, sha256=sha256, reason=Reason(judgement.reason.code, figures))


class Record(msgspec.Struct, frozen=True):
    """One picture in quarantine: `file` is its name in pictures/, `original` where it came from."""

    id: str
    file: str
    original: str
    size_bytes: int
    metadata: FileMetadata
    judgement: Judgement
    quarantined_at: datetime

    @property
    def sha256(self) -> str:
        """The digest of the picture as it was moved."""
        assert self.judgement.sha256 is not None
        return self.judgement.sha256

    def to_json(self) -> dict[str, Any]:
        """Return the record as the JSON object that is written and that `quarantine list --json` shows."""
        metadata, judgement = self.metadata, self.judgement
        return {
            "id": self.id,
            "original": self.original,
            "file": self.file,
            "score": judgement.score,
            "threshold": judgement.threshold,
            "reason": sentence(judgement.reason)[:LONGEST_TEXT],
            "model": judgement.model,
            "sha256": judgement.sha256,
            "bytes": self.size_bytes,
            "quarantined_at": rfc3339(self.quarantined_at),
            "parts": dict(judgement.parts),
            "uid": metadata.uid,
            "gid": metadata.gid,
            "mode": metadata.mode,
            "atime_ns": metadata.atime_ns,
            "mtime_ns": metadata.mtime_ns,
            "xattrs": {k: base64.b64encode(v).decode() for k, v in metadata.xattrs.items()},
            "schema": SCHEMA,
            "verdict": judgement.verdict,
            "reason_code": judgement.reason.code,
            "figures": dict(judgement.reason.figures),
            "kind": judgement.kind,
        }

    @classmethod
    def from_json(cls, content: object) -> Self:
        """Check every field and make the record.

        Raises RecordMalformed naming the first bad field, FormatTooNew for a schema that this version does not know.
        """
        fields = _checked(content)
        judgement = Judgement(
            verdict=_verdict(fields),
            reason=_reason(fields),
            model=fields.model,
            score=fields.score,
            threshold=fields.threshold,
            sha256=fields.sha256,
            parts=fields.parts,
            kind=_kind(fields),
        )
        metadata = FileMetadata(
            uid=fields.uid,
            gid=fields.gid,
            mode=fields.mode,
            atime_ns=fields.atime_ns,
            mtime_ns=fields.mtime_ns,
            xattrs={name: base64.b64decode(value) for name, value in fields.xattrs.items()},
        )
        return cls(
            id=fields.id,
            file=fields.file,
            original=fields.original,
            size_bytes=fields.bytes,
            metadata=metadata,
            judgement=judgement,
            quarantined_at=parsed_time(fields.quarantined_at),
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


Number = Annotated[float, msgspec.Meta(gt=-1e300, lt=1e300)]
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Owner = Annotated[int, msgspec.Meta(ge=0, le=_HIGHEST_OWNER)]


class _Fields(msgspec.Struct, kw_only=True):
    """A record of schema 1; what JSON types cannot say is checked in `_checked`."""

    id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{12}\Z")]
    original: str
    file: str
    score: Number | None
    threshold: Number | None
    reason: Text
    model: Text
    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    bytes: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
    quarantined_at: str
    parts: dict[str, Number]
    uid: Owner
    gid: Owner
    mode: Annotated[int, msgspec.Meta(ge=0, le=0o7777)]
    atime_ns: int
    mtime_ns: int
    xattrs: dict[str, str]


class _Fields2(_Fields, kw_only=True):
    """A record of schema 2: the verdict, and the reason as data."""

    verdict: Verdict
    reason_code: Text
    figures: dict[str, bool | Number | Text]
    kind: Text | None


def _checked(content: object) -> _Fields:
    if not isinstance(content, dict):
        raise RecordMalformed("is no JSON object")
    schema = content.get("schema", 1)
    if type(schema) is not int or schema < 1:
        raise RecordMalformed("has a schema that is not usable")
    if schema > SCHEMA:
        raise FormatTooNew(
            f"has schema {schema}; this version of imgwatch knows {SCHEMA}: install a newer one"
        )
    try:
        fields = msgspec.convert(content, _Fields if schema == 1 else _Fields2)
    except (msgspec.ValidationError, OverflowError) as fault:
        raise RecordMalformed(_named(content, fault)) from fault
    for key, is_good in (
        ("original", is_plain_path(fields.original)),
        ("file", is_plain_name(fields.file)),
        ("score", _is_finite(fields.score)),
        ("threshold", _is_finite(fields.threshold)),
        ("parts", all(map(_is_finite, fields.parts.values()))),
        ("quarantined_at", _is_time(fields.quarantined_at)),
        ("atime_ns", abs(fields.atime_ns) < _LONGEST_TIME_NS),
        ("mtime_ns", abs(fields.mtime_ns) < _LONGEST_TIME_NS),
        ("xattrs", _is_xattrs(fields.xattrs)),
        ("figures", all(map(_is_finite, getattr(fields, "figures", {}).values()))),
    ):
        if not is_good:
            raise RecordMalformed(f"has a {key} that is not usable")
    return fields


def _named(content: dict[str, Any], fault: Exception) -> str:
    """Return which field the fault is about, in words."""
    missing = _MISSING.search(str(fault))
    if missing is not None:
        return f"has no {missing[1]}"
    key = _AT.search(str(fault))
    if key is None:  # a number that no float holds is named by no path
        key_of_overflow = next(
            (k for k, v in content.items() if type(v) is int and abs(v) >= 1 << 1023), "field"
        )
        return f"has a {key_of_overflow} that is not usable"
    return f"has a {key[1]} that is not usable: {str(fault).partition(' - at ')[0]}"


def _verdict(fields: _Fields) -> Verdict:
    if isinstance(fields, _Fields2):
        return fields.verdict
    return Verdict.UNREADABLE if fields.score is None else Verdict.QUARANTINE


def _reason(fields: _Fields) -> Reason:
    if not isinstance(fields, _Fields2):
        return reason_of_schema_1(fields.reason)
    try:
        return Reason(ReasonCode(fields.reason_code), fields.figures)
    except ValueError:  # a code that a later version of the same schema has
        return in_words(fields.reason)


def _kind(fields: _Fields) -> Kind | None:
    if isinstance(fields, _Fields2):
        return None if fields.kind is None else _KINDS.get(fields.kind, Kind.STRANGER)
    return None if fields.score is None else reason_of_schema_1(fields.reason).kind


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _is_time(text: str) -> bool:
    try:
        return parsed_time(text) is not None
    except (ValueError, OverflowError):
        return False


def _is_xattrs(xattrs: dict[str, str]) -> bool:
    try:
        return all(
            is_plain_name(k) and base64.b64decode(v, validate=True) is not None for k, v in xattrs.items()
        )
    except ValueError:
        return False
