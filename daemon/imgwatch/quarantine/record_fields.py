"""The fields of a record by its schema, read with suspicion. docs/formats.md is the specification. Pure."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from imgwatch.errors import FormatTooNew, RecordMalformed
from imgwatch.judgement import Verdict
from imgwatch.quarantine.companion import CompanionFields, are_usable
from imgwatch.quarantine.encoding import parse_time
from imgwatch.quarantine.fields import FileFields, Number, Text, is_hexadecimal, is_plain_path

SCHEMA = 3  # what it means, and what came when: docs/formats.md
_ID_DIGITS = 12
_MISSING = re.compile(r"missing required field `(\w+)`")
_AT = re.compile(r"- at `\$\.(\w+)")
_FAULTS = (msgspec.ValidationError, OverflowError, UnicodeEncodeError)  # the last of text that has no UTF-8


class Fields(FileFields, kw_only=True):
    """A record of schema 1; what JSON types cannot say is checked by `checked_fields`."""

    id: str
    original: str
    score: Number | None
    threshold: Number | None
    reason: Text
    model: Text
    quarantined_at: str
    parts: dict[str, Number]


class Fields2(Fields, kw_only=True):
    """A record of schema 2: the verdict, and the reason as data."""

    verdict: Verdict
    reason_code: Text
    figures: dict[str, bool | Number | Text]
    kind: Text | None


class Fields3(Fields2, kw_only=True):
    """A record of schema 3: what came with the picture, and where it is moved on to."""

    companions: list[CompanionFields]
    destination: str | None = None


class AsWritten(Fields3, kw_only=True):
    """A record as this version writes it."""

    schema: Literal[3]


_AS_WRITTEN = msgspec.json.Decoder(AsWritten)
_KINDS_OF_FIELDS: dict[int, type[Fields]] = {1: Fields, 2: Fields2, 3: Fields3}


def decode_as_written(content: bytes) -> Fields | None:
    """Return the fields of a record as this version writes it, in one step; None of any other, which may be good."""
    if not content.isascii():  # only of ASCII is what this decodes what `json` reads
        return None
    try:
        fields = _AS_WRITTEN.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    return fields if _unusable(fields) is None else None


def checked_fields(content: object) -> Fields:
    """Return the fields of a record. Raises RecordMalformed, naming the first bad one, and FormatTooNew."""
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
    except _FAULTS as fault:
        raise RecordMalformed(_named(content, fault, _KINDS_OF_FIELDS[schema])) from fault
    key = _unusable(fields)
    if key is not None:
        raise RecordMalformed(f"has a {key} that is not usable")
    return fields


def _unusable(fields: Fields) -> str | None:
    """Return the name of the first field that is not usable, if any; types are right already."""
    if not is_hexadecimal(fields.id, _ID_DIGITS):
        return "id"
    if not is_plain_path(fields.original):
        return "original"
    if not _is_time(fields.quarantined_at):
        return "quarantined_at"
    return fields.bad_field() or (_unusable_beside(fields) if isinstance(fields, Fields3) else None)


def _unusable_beside(fields: Fields3) -> str | None:
    if fields.companions and not are_usable(fields.companions, fields.file):
        return "companions"
    return None if fields.destination is None or is_plain_path(fields.destination) else "destination"


def _named(content: dict[str, Any], fault: Exception, kind: type[Fields]) -> str:
    """Return which field the fault is about, in words."""
    missing = _MISSING.search(str(fault))
    if missing is not None:
        return f"has no {missing[1]}"
    key = _AT.search(str(fault))
    if key is None:  # numbers that no float holds, and text that has no UTF-8, are named by no path
        fields = msgspec.structs.fields(kind)
        bad = (field.name for field in fields if not _has_type(content.get(field.name), field.type))
        return f"has a {next(bad, 'field')} that is not usable"
    return f"has a {key[1]} that is not usable: {str(fault).partition(' - at ')[0]}"


def _has_type(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except _FAULTS:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        return parse_time(text) is not None
    except (ValueError, OverflowError):
        return False
