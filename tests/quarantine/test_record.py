"""Records: what is written can be read again, and nothing crafted gets through."""

import json
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgwatch.errors import FormatTooNew, RecordMalformed, shown
from imgwatch.files import opened_folder
from imgwatch.judgement import Judgement, Kind, Reason, ReasonCode, Verdict, in_words
from imgwatch.quarantine.encoding import decode_json, encode_json, parse_time, rfc3339
from imgwatch.quarantine.fields import is_plain_name, is_plain_path
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.naming import stored_names
from imgwatch.quarantine.record import LONGEST_RECORD_BYTES, Record, load_record
from imgwatch.wording import sentence

NAMES = st.binary(min_size=1, max_size=255).map(os.fsdecode).filter(is_plain_name)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
NUMBERS = st.floats(-1e299, 1e299)
FIGURES = st.booleans() | NUMBERS.filter(lambda number: number != int(number)) | st.text(max_size=50)
RECORDS = st.builds(
    Record,
    id=st.text("0123456789abcdef", min_size=12, max_size=12),
    file=NAMES,
    original=st.lists(NAMES, min_size=1, max_size=10).map(lambda parts: "/" + "/".join(parts)),
    size_bytes=st.integers(0, 1 << 40),
    metadata=st.builds(
        FileMetadata,
        uid=st.integers(0, 1 << 31),
        gid=st.integers(0, 1 << 31),
        mode=st.integers(0, 0o7777),
        atime_ns=INT64,
        mtime_ns=INT64,
        xattrs=st.dictionaries(NAMES, st.binary(max_size=30), max_size=3),
    ),
    judgement=st.builds(
        Judgement,
        verdict=st.sampled_from([Verdict.QUARANTINE, Verdict.UNREADABLE]),
        kind=st.none() | st.sampled_from(Kind),
        score=st.none() | NUMBERS,
        threshold=st.none() | NUMBERS,
        reason=st.builds(
            Reason, st.sampled_from(ReasonCode), st.dictionaries(st.text(max_size=5), FIGURES, max_size=3)
        ),
        model=st.text(max_size=20),
        sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
        parts=st.dictionaries(st.text(max_size=5), NUMBERS, max_size=3),
    ),
    quarantined_at=st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)),
)
TEXTS = st.text(st.characters())  # with surrogates, which have no UTF-8
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


def example() -> Record:
    metadata = FileMetadata(1000, 100, 0o644, 1, 2, {"user.note": b"\0"})
    judgement = Judgement(
        Verdict.QUARANTINE, in_words("strange colours"), "m-1", 4.5, 3.2, "ab" * 32, {"colour": 1.5}
    )
    moment = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    return Record("0123456789ab", "cat.jpg", "/pictures/cat.jpg", 7, metadata, judgement, moment)


@given(RECORDS)
def test_what_is_written_is_read_again(record: Record) -> None:
    line = encode_json(record.to_json())
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert Record.from_json(decode_json(line)) == record


def test_a_record_shows_the_agreed_keys_and_utc() -> None:
    shown_keys = example().to_json()
    agreed = "id original file score threshold reason model sha256 bytes quarantined_at"
    assert list(shown_keys)[:10] == agreed.split()
    assert shown_keys["quarantined_at"] == "2026-05-01T10:00:00.000000Z"


def test_a_name_that_is_no_utf8_gives_back_its_bytes() -> None:
    name = os.fsdecode(b"\xff\xfe.jpg")
    decoded = decode_json(encode_json({"file": name}))
    assert isinstance(decoded, dict)
    assert os.fsencode(decoded["file"]) == b"\xff\xfe.jpg"


@given(JSON, st.sampled_from(sorted(example().to_json())))
def test_any_other_json_in_any_field_is_refused_or_read_safely(value: object, key: str) -> None:
    try:
        record = Record.from_json({**example().to_json(), key: value})
    except (RecordMalformed, FormatTooNew):
        return
    assert is_plain_name(record.file)
    assert is_plain_path(record.original)
    assert ".." not in Path(record.original).parts
    assert math.isfinite(record.judgement.score or 0)


@pytest.mark.parametrize(
    "key", sorted(example().to_json().keys() - {"schema", "file", "reason", "model", "reason_code", "kind"})
)
def test_text_without_utf_8_is_refused_where_no_name_belongs(key: str) -> None:
    """Otherwise it would stop the reading of all other records."""
    with pytest.raises(RecordMalformed, match=f"has a {key} that is not usable"):
        Record.decode(json.dumps({**example().to_json(), key: "\udcff"}).encode())


def test_a_further_field_without_utf_8_is_malformed() -> None:
    with pytest.raises(RecordMalformed, match="not usable"):
        Record.from_json({**example().to_json(), "\udcff": 1})


@given(RECORDS, st.sampled_from(sorted(example().to_json())), JSON | st.just(math.nan), st.booleans())
def test_a_line_is_decoded_as_what_it_holds(
    record: Record, key: str, value: object, is_changed: bool
) -> None:
    """However it is read: in one step, as what this version writes is, or field by field."""
    line = json.dumps(record.to_json() | ({key: value} if is_changed else {})).encode()

    def outcome(read: Callable[[], Record]) -> Record | str:
        try:
            return read()
        except (RecordMalformed, FormatTooNew) as fault:
            return str(fault)

    assert outcome(lambda: Record.decode(line)) == outcome(lambda: Record.from_json(decode_json(line)))


@pytest.mark.parametrize("size", [0, LONGEST_RECORD_BYTES + 1])
def test_a_record_file_of_a_wrong_size_is_malformed(tmp_path: Path, size: int) -> None:
    (tmp_path / "cat.jpg.json").touch()
    os.truncate(tmp_path / "cat.jpg.json", size)
    with (
        opened_folder(tmp_path) as folder,
        pytest.raises(RecordMalformed, match="too long" if size else "not JSON"),
    ):
        load_record(folder, "cat.jpg.json")


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise_anything_but_malformed(content: bytes) -> None:
    try:
        Record.from_json(decode_json(content))
    except RecordMalformed:
        return
    pytest.fail("that cannot be a record")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../x"),
        ("file", ".."),
        ("file", "a/b"),
        ("file", "a\0"),
        ("file", ""),
        ("file", "x" * 256),
        ("file", "\ud800"),
        ("original", "relative"),
        ("original", "/a/../b"),
        ("original", "/a/./b"),
        ("original", "//a"),
        ("original", "/a//b"),
        ("original", "/a/"),
        ("original", "/"),
        ("original", "/a\0b"),
        ("original", "/a" * 3000),
        ("id", "0123456789AB"),
        ("id", "0123456789ab\n"),
        ("id", ["0"] * 12),
        ("score", math.nan),
        ("score", math.inf),
        ("score", True),
        ("score", 10**400),
        ("mode", 0o10000),
        ("mode", True),
        ("uid", -1),
        ("uid", (1 << 32) - 1),
        ("mtime_ns", 1 << 67),
        ("bytes", -1),
        ("bytes", 1.5),
        ("sha256", "g" * 64),
        ("quarantined_at", "yesterday"),
        ("quarantined_at", "2026-05-01T12:00:00"),
        ("quarantined_at", "0001-01-01T00:00:00+23:59"),
        ("xattrs", {"user.x": "no base64!"}),
        ("xattrs", {"a/b": ""}),
        ("xattrs", []),
        ("parts", {"a": "1"}),
        ("parts", {"a": math.nan}),
        ("figures", {"a": math.nan}),
        ("figures", {"a": -math.inf}),
        ("threshold", math.nan),
        ("reason", "x" * 10_001),
    ],
)
def test_a_crafted_field_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(RecordMalformed, match=key):
        Record.from_json({**example().to_json(), key: value})


@pytest.mark.parametrize("key", sorted(example().to_json().keys() - {"schema"}))
def test_every_field_is_demanded(key: str) -> None:
    fields = example().to_json()
    del fields[key]
    with pytest.raises(RecordMalformed, match=key):
        Record.from_json(fields)


SCHEMA_1 = {
    "id": "0123456789ab", "original": "/pictures/cat.jpg", "file": "cat.jpg", "score": 4.5, "threshold": 3.2,
    "reason": "has words across it: stranger than 99.9 % of them", "model": "m-1", "sha256": "ab" * 32, "bytes": 7,
    "quarantined_at": "2026-05-01T10:00:00.000000Z", "parts": {"caption": 1.5}, "uid": 1000, "gid": 100,
    "mode": 0o644, "atime_ns": 1, "mtime_ns": 2, "xattrs": {},
}  # fmt: skip


def test_a_record_of_schema_1_is_read_with_the_code_that_its_words_had() -> None:
    record = Record.from_json(SCHEMA_1)
    assert record.judgement.reason == Reason(ReasonCode.CAPTION)
    assert record.judgement.kind is Kind.CAPTION
    odd = Record.from_json(SCHEMA_1 | {"reason": "nearly the same as what you deleted on 3 May 2026"})
    assert sentence(odd.judgement.reason) == "nearly the same as what you deleted on 3 May 2026"
    assert Record.from_json(odd.to_json()) == odd


def test_what_a_later_version_adds_is_passed_over_and_a_later_schema_is_refused() -> None:
    content = example().to_json()
    assert Record.from_json(content | {"colour": "red"}) == example()
    later = Record.from_json(
        content | {"reason_code": "not invented yet", "kind": "new", "reason": "odd hats"}
    )
    assert sentence(later.judgement.reason) == "odd hats"
    assert later.judgement.kind is Kind.STRANGER
    with pytest.raises(
        FormatTooNew, match="has schema 4; this version of imgwatch knows 3: install a newer one"
    ):
        Record.from_json(content | {"schema": 4})


def test_a_record_must_lie_under_the_name_of_its_picture(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg.json").write_bytes(encode_json(example().to_json()))
    (tmp_path / "dog.jpg.json").write_bytes(encode_json(example().to_json()))
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert load_record(folder, "cat.jpg.json") == example()
        with pytest.raises(RecordMalformed, match=r"another file, cat\.jpg"):
            load_record(folder, "dog.jpg.json")
    finally:
        os.close(folder)


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))
def test_times_survive_being_written(moment: datetime) -> None:
    assert parse_time(rfc3339(moment)) == moment


@given(NAMES)
def test_stored_names_fit_with_the_records_suffix_and_keep_short_extensions(name: str) -> None:
    for stored in stored_names(name, "0123456789ab"):
        assert is_plain_name(stored)
        assert len(os.fsencode(stored)) <= 250
        extension = Path(name).suffix
        if len(os.fsencode(extension)) <= 16:
            assert stored.endswith(extension)
    assert stored_names(name, "0123456789ab")[1].count("0123456789ab") >= 1


@given(st.text())
def test_what_is_shown_prints_on_one_line(text: str) -> None:
    assert shown(text).isprintable()
    assert shown(os.fsdecode(b"\xff\n\x1b")) == "\\udcff\\n\\x1b"
