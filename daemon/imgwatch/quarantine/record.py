"""The record: what the quarantine knows about one picture, enough to undo the move if all else is lost.

It reads and writes JSON; `record_fields` checks what is read. docs/formats.md is its specification.
"""

from __future__ import annotations

import errno
from datetime import datetime
from typing import Any, Self

import msgspec

from imgwatch.errors import RecordMalformed, shown
from imgwatch.files import read_own
from imgwatch.judgement import Judgement, Kind, Reason, ReasonCode, Verdict, in_words
from imgwatch.quarantine.companion import Companion
from imgwatch.quarantine.encoding import decode_json, parse_time, rfc3339
from imgwatch.quarantine.fields import LONGEST_TEXT, metadata_as_json
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.record_fields import (
    SCHEMA,
    Fields,
    Fields2,
    Fields3,
    checked_fields,
    decode_as_written,
)
from imgwatch.quarantine.schema_1 import reason_of_schema_1
from imgwatch.wording import sentence

LONGEST_RECORD_BYTES = 1 << 20
RECORD_SUFFIX = ".json"
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
        return cls._of(checked_fields(content))

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Return the record in one line of JSON, checked as by `from_json`, which raises what it raises here."""
        fields = decode_as_written(content)
        return cls.from_json(decode_json(content)) if fields is None else cls._of(fields)

    @classmethod
    def _of(cls, fields: Fields) -> Self:
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
            destination=fields.destination if isinstance(fields, Fields3) else None,
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


def _verdict(fields: Fields) -> Verdict:
    if isinstance(fields, Fields2):
        return fields.verdict
    return Verdict.UNREADABLE if fields.score is None else Verdict.QUARANTINE


def _reason(fields: Fields) -> Reason:
    if not isinstance(fields, Fields2):
        return reason_of_schema_1(fields.reason)
    try:
        return Reason(ReasonCode(fields.reason_code), fields.figures)
    except ValueError:  # a code that a later version of the same schema has
        return in_words(fields.reason)


def _kind(fields: Fields) -> Kind | None:
    if isinstance(fields, Fields2):
        return None if fields.kind is None else _KINDS.get(fields.kind, Kind.STRANGER)
    return None if fields.score is None else reason_of_schema_1(fields.reason).kind


def _companions(fields: Fields) -> tuple[Companion, ...]:
    return tuple(map(Companion.of, fields.companions)) if isinstance(fields, Fields3) else ()
