"""The record: what the quarantine knows about one picture, enough to undo the move if all else is lost.

It reads and writes JSON and trusts nothing that it reads. docs/formats.md is its specification.
"""

from __future__ import annotations

import errno
import json
import re
from datetime import UTC, datetime
from typing import Any, Literal, Self

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed, shown
from imgwatch.files import read_own
from imgwatch.judgement import Judgement, Kind, Reason, ReasonCode, Verdict, in_words
from imgwatch.quarantine.companion import Companion, CompanionFields, are_usable
from imgwatch.quarantine.fields import (
    LONGEST_TEXT,
    FileFields,
    Number,
    Text,
    is_hexadecimal,
    is_plain_path,
    metadata_as_json,
)
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.schema_1 import reason_of_schema_1
from imgwatch.wording import sentence

SCHEMA = 3  # what it means, and what came when: docs/formats.md
LONGEST_RECORD_BYTES = 1 << 20
RECORD_SUFFIX = ".json"
_ID_DIGITS = 12
_MISSING = re.compile(r"missing required field `(\w+)`")
_AT = re.compile(r"- at `\$\.(\w+)")
_KINDS = {str(kind): kind for kind in Kind}


def judgement_for_record(judgement: Judgement, sha256: str) -> Judgement:
    """Return a judgement with the digest of what is moved, and no text longer than a record may hold."""
    figures = {
        name: value[:LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in judgement.reason.figures.items()
    }
    return msgspec.structs.replace(judgement, sha256=sha256, reason=Reason(judgement.reason.code, figures))


class Record(msgspec.Struct, frozen=True, gc=False):
    """One picture in quarantine: `file` is its name in pictures/, `original` where it came from.

    `companions` came with it from the same folder, and go where it goes. `destination` is the folder that it is moved
    on to by the rule for its kind, if any.
    """

    id: str
    file: str
    original: str
    size_bytes: int
    metadata: FileMetadata
    judgement: Judgement
    quarantined_at: datetime
    companions: tuple[Companion, ...] = ()
    destination: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The names in pictures/ of the picture and its companions."""
        return (self.file, *(companion.file for companion in self.companions))

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 digests of the picture and its companions, by their names in pictures/."""
        return {self.file: self.sha256} | {companion.file: companion.sha256 for companion in self.companions}

    @property
    def sha256(self) -> str:
        """The SHA-256 of the picture as it was moved, in hexadecimal."""
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
            **metadata_as_json(metadata),
            "schema": SCHEMA,
            "verdict": judgement.verdict,
            "reason_code": judgement.reason.code,
            "figures": dict(judgement.reason.figures),
            "kind": judgement.kind,
            "companions": [companion.to_json() for companion in self.companions],
        } | ({} if self.destination is None else {"destination": self.destination})

    @classmethod
    def from_json(cls, content: object) -> Self:
        """Return the record, with every field checked.

        Raises RecordMalformed naming the first bad field, FormatTooNew for a schema that this version does not know.
        """
        return cls._of(_checked(content))

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Return the record in one line of JSON, checked as by `from_json`, which raises what it raises here."""
        if content.isascii():  # as it is written: what is decoded in one step is what `json` reads
            try:
                fields = _AS_WRITTEN.decode(content)
                if _unusable(fields) is None:
                    return cls._of(fields)
            except (msgspec.DecodeError, RecursionError):
                pass
        return cls.from_json(decode_json(content))

    @classmethod
    def _of(cls, fields: _Fields) -> Self:
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
        return cls(
            id=fields.id,
            file=fields.file,
            original=fields.original,
            size_bytes=fields.bytes,
            metadata=fields.metadata,
            judgement=judgement,
            quarantined_at=parse_time(fields.quarantined_at),
            companions=_companions(fields),
            destination=fields.destination if isinstance(fields, _Fields3) else None,
        )


def load_record(folder: int, name: str) -> Record:
    """Read one file of the folder of records; raises RecordMalformed or OSError."""
    try:
        content = read_own(name, folder, LONGEST_RECORD_BYTES + 1)
    except OSError as fault:
        if fault.errno != errno.EINVAL:
            raise
        raise RecordMalformed("is not a regular file") from fault
    if len(content) > LONGEST_RECORD_BYTES:
        raise RecordMalformed("is too long")
    record = Record.decode(content)
    if record.file + RECORD_SUFFIX != name:
        raise RecordMalformed(f"names another file, {shown(record.file)}")
    return record


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


class _Fields(FileFields, kw_only=True):
    """A record of schema 1; what JSON types cannot say is checked in `_checked`."""

    id: str
    original: str
    score: Number | None
    threshold: Number | None
    reason: Text
    model: Text
    quarantined_at: str
    parts: dict[str, Number]


class _Fields2(_Fields, kw_only=True):
    """A record of schema 2: the verdict, and the reason as data."""

    verdict: Verdict
    reason_code: Text
    figures: dict[str, bool | Number | Text]
    kind: Text | None


class _Fields3(_Fields2, kw_only=True):
    """A record of schema 3: what came with the picture, and where it is moved on to."""

    companions: list[CompanionFields]
    destination: str | None = None


class _AsWritten(_Fields3, kw_only=True):
    """A record as this version writes it."""

    schema: Literal[3]


_AS_WRITTEN = msgspec.json.Decoder(_AsWritten)
_KINDS_OF_FIELDS: dict[int, type[_Fields]] = {1: _Fields, 2: _Fields2, 3: _Fields3}


def _checked(content: object) -> _Fields:
    if not isinstance(content, dict):
        raise RecordMalformed("is not a JSON object")
    schema = content.get("schema", 1)
    if type(schema) is not int or schema < 1:
        raise RecordMalformed("has an invalid schema")
    if schema > SCHEMA:
        raise FormatTooNew(
            f"has schema {schema}; this version of imgwatch knows {SCHEMA}: install a newer one"
        )
    try:
        fields = msgspec.convert(content, _KINDS_OF_FIELDS[schema])
    except (msgspec.ValidationError, OverflowError) as fault:
        raise RecordMalformed(_named(content, fault)) from fault
    key = _unusable(fields)
    if key is not None:
        raise RecordMalformed(f"has a {key} that is not usable")
    return fields


def _unusable(fields: _Fields) -> str | None:
    """Return the name of the first field that is not usable, if any; types are right already."""
    if not is_hexadecimal(fields.id, _ID_DIGITS):
        return "id"
    if not is_plain_path(fields.original):
        return "original"
    if not _is_time(fields.quarantined_at):
        return "quarantined_at"
    return fields.bad_field() or (_unusable_beside(fields) if isinstance(fields, _Fields3) else None)


def _unusable_beside(fields: _Fields3) -> str | None:
    if fields.companions and not are_usable(fields.companions, fields.file):
        return "companions"
    return None if fields.destination is None or is_plain_path(fields.destination) else "destination"


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


def _companions(fields: _Fields) -> tuple[Companion, ...]:
    return tuple(map(Companion.of, fields.companions)) if isinstance(fields, _Fields3) else ()


def _is_time(text: str) -> bool:
    try:
        return parse_time(text) is not None
    except (ValueError, OverflowError):
        return False
