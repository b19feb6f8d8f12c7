"""The ledger's file under faults: damaged, newer, locked, read by a command while a daemon has it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis.strategies import binary, booleans, floats, integers, none, sampled_from, text

from imgwatch.errors import FormatTooNew, LedgerDamaged, Unavailable
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.ledger.feedback import Remembered
from imgwatch.lifecycle import FileState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


def begun(path: Path) -> Path:
    ledger = Ledger(path)
    ledger.facts.put_drift("blue")
    ledger.close()
    return path


def test_a_ledger_that_is_no_database_is_kept_aside_and_begun_anew(path: Path) -> None:
    begun(path).write_bytes(b"not a database" * 1000)
    ledger = Ledger(path)
    assert ledger.facts.drift is None
    assert (path.parent / "ledger.sqlite.damaged-1").read_bytes().startswith(b"not a database")
    ledger.close()


def test_a_truncated_ledger_is_kept_aside(path: Path) -> None:
    content = begun(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    ledger = Ledger(path)
    assert ledger.facts.drift is None or ledger.find_damage() is not None
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(begun(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(FormatTooNew, match="schema 99; this version of imgwatch knows 4"):
        Ledger(path)
    assert path.read_bytes() == before
    assert [child.name for child in path.parent.iterdir()] == ["ledger.sqlite"]


def test_a_command_never_sets_a_ledger_aside(path: Path) -> None:
    begun(path).write_bytes(b"not a database" * 1000)
    with pytest.raises(LedgerDamaged, match="damaged"):
        Ledger(path, mend=False)
    assert [child.name for child in path.parent.iterdir()] == ["ledger.sqlite"]


def test_a_second_damaged_ledger_does_not_overwrite_the_first(path: Path) -> None:
    for number in (1, 2):
        begun(path).write_bytes(b"damage %d " % number * 1000)
        Ledger(path).close()
    assert (path.parent / "ledger.sqlite.damaged-1").read_bytes().startswith(b"damage 1")
    assert (path.parent / "ledger.sqlite.damaged-2").read_bytes().startswith(b"damage 2")


@example(offset=18, content=b"\x03", cuts=False)  # SQLite opens it, but only to read
@given(offset=integers(0, 9000), content=binary(min_size=1, max_size=8), cuts=booleans())
def test_whatever_is_damaged_a_ledger_opens_and_works(offset: int, content: bytes, cuts: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state" / "ledger.sqlite"
        with closing(Ledger(path)) as ledger:
            ledger.facts.put_drift("green")
        with path.open("r+b") as stream:
            stream.seek(offset)
            stream.write(content)
            if cuts:
                stream.truncate()
        try:
            ledger = Ledger(path)
        except FormatTooNew:
            with sqlite3.connect(path) as connection:
                assert connection.execute("PRAGMA user_version").fetchone()[0] <= 1000
            connection.close()
            return
        with closing(ledger):
            try:
                ledger.facts.put_drift("red")
            except LedgerDamaged as damage:
                ledger.mend(str(damage))


COLUMNS = [
    (table, column)
    for table, columns in {
        "folder": ("path",),
        "seen": (
            "ino", "size", "mtime_ns", "state", "score", "model", "sha256", "why", "at", "reason_code", "figures",
            "kind", "due",
        ),
        "signature": ("path", "ino", "size", "mtime_ns", "sha256", "vectors", "thumbnail", "traits"),
        "existing_pixels": ("pixels",),
        "moved": ("record", "sha256", "pixels"),
        "rescanned": ("path",),
        "counter": ("name", "value"),
        "day": ("date", "name", "value"),
        "lesson": ("sha256", "is_junk", "at", "model", "vector"),
        "fact": ("value",),
    }.items()
    for column in columns
]  # fmt: skip
PICTURE, DIGEST, DEVICE = Path("/in/a.jpg"), "ab" * 32, Path("/out")


def fill(ledger: Ledger) -> None:
    """Put something into every table."""
    strange = Judgement(Verdict.QUARANTINE, in_words("strange"), "m-1", 0.9, 0.5, DIGEST)
    for state in FileState:
        path = PICTURE.with_name(f"{state}.jpg")
        ledger.remember([Row(path, Identity(1, 2, 3, 4), state, strange, due=0.0)], now=1.0)
    ledger.signatures.add(PICTURE, Identity(1, 2, 3, 4), DIGEST, "m-1", b"v", b"t", (1.0, 2.0))
    ledger.left_alone.note_existing(b"pixels")
    ledger.left_alone.note_moved("r-1", DIGEST, b"pixels")
    ledger.allow_restore_to([PICTURE.parent])
    ledger.feedback.remember(Remembered(DIGEST, True, 1.0, "m-1", b"v"))
    ledger.facts.put_drift("green")
    ledger.facts.put_root_inode(PICTURE.parent, 7)
    ledger.facts.put_device(DEVICE, 7)
    ledger.facts.put_feedback_offset("log", 7)
    ledger.counts.add_events("log", [("restored", 1.0)], 0, 9)
    ledger.begin(PICTURE.parent, [], 1.0)


def readings(ledger: Ledger) -> Iterator[Callable[[], object]]:
    """Yield all that can be asked of a ledger."""
    for state in FileState:
        yield lambda state=state: ledger.known(PICTURE.with_name(f"{state}.jpg"))
        yield lambda state=state: ledger.waiting(state)
        yield lambda state=state: ledger.listed(state)
    yield lambda: ledger.unfinished(PICTURE.parent, {"kept.jpg": Identity(1, 2, 3, 4)})
    yield ledger.temporarily_unreadable
    yield ledger.passed_over
    yield lambda: ledger.due(2.0, 10)
    yield lambda: [score + at for at, score in ledger.scores("m-1", 0.0)]
    yield lambda: ledger.unreadable(10)
    yield lambda: ledger.normal(10)
    yield lambda: ledger.latest_kept(10)
    yield ledger.rescanned
    yield lambda: sum(ledger.counts.totals().values())
    yield lambda: sum(ledger.counts.since(0.0).values())
    yield lambda: [sum(counts.values()) for counts in ledger.counts.days(0.0).values()]
    yield lambda: ledger.counts.log_offset("log")
    yield lambda: ledger.left_alone.lay_there(Identity(1, 2, 3, 4), "existing.jpg")
    yield lambda: ledger.left_alone.moved_before(DIGEST, b"pixels")
    yield lambda: ledger.feedback.latest(10)
    yield ledger.feedback.changes
    yield lambda: ledger.feedback.forget(DIGEST, True)
    yield lambda: ledger.signatures.at(PICTURE, "m-1")
    yield lambda: ledger.signatures.with_digest(DIGEST, "m-1")
    yield lambda: ledger.signatures.vectors_since(0, "m-1")
    yield ledger.signatures.paths
    yield lambda: ledger.facts.drift
    yield ledger.facts.root_inodes
    yield lambda: ledger.facts.device_of(DEVICE)
    yield lambda: ledger.facts.began(PICTURE.parent)
    yield lambda: ledger.facts.feedback_offset("log")
    yield lambda: ledger.remember([Row(PICTURE, Identity(9, 9, 9, 9), FileState.KEPT)], 2.0)


@given(
    column=sampled_from(COLUMNS),
    value=none() | integers(-(2**63), 2**63 - 1) | floats(allow_nan=False) | text() | binary(),
)
def test_a_value_of_any_type_is_damage_or_understood(column: tuple[str, str], value: object) -> None:
    table, name = column
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with closing(Ledger(path)) as ledger:
            fill(ledger)
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("PRAGMA foreign_keys = OFF")
                other.execute(f"UPDATE OR IGNORE {table} SET {name} = ?", (value,))
            for reading in readings(ledger):
                with suppress(LedgerDamaged):
                    reading()


def test_damage_found_while_running_is_told_and_mended(path: Path) -> None:
    ledger = Ledger(path)
    for number in range(2000):
        ledger.facts.put_volume(Path(f"/{number}"), "x" * 100)
    ledger.close()
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 200] = b"\xff" * 200
    path.write_bytes(content)
    try:
        ledger = Ledger(path, mend=False)
        damage = ledger.find_damage()
    except LedgerDamaged:
        ledger = Ledger(path)
    else:
        assert damage is not None
        ledger.mend("found by the test")
    assert ledger.find_damage() is None
    ledger.facts.put_drift("red")
    assert ledger.facts.drift == "red"
    ledger.close()


def test_a_locked_ledger_is_unavailable_not_damaged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgwatch.ledger.file._BUSY_SECONDS", 0.05)
    ledger = Ledger(begun(path))
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        ledger.facts.put_drift("green")
    other.rollback()
    other.close()
    ledger.facts.put_drift("green")
    ledger.close()


def test_a_failed_transaction_leaves_no_trace(path: Path) -> None:
    ledger = Ledger(begun(path))

    def broken() -> Iterator[Row]:
        yield Row(path, Identity(1, 2, 3, 4), FileState.KEPT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.remember(broken(), 0.0)
    assert ledger.known(path) is None
    assert ledger.facts.drift == "blue"
    ledger.close()


def test_a_ledger_of_schema_2_gets_what_pictures_that_wait_need(path: Path, tmp_path: Path) -> None:
    with sqlite3.connect(begun(path)) as connection:
        for what in (
            "INDEX seen_waiting",
            "INDEX seen_reported",
            "INDEX seen_existing",
            "TABLE existing_pixels",
            "TABLE moved",
            "TABLE signature",
        ):
            connection.execute(f"DROP {what}")
        connection.execute("ALTER TABLE seen DROP COLUMN due")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    ledger = Ledger(path)
    row = Row(tmp_path / "a.png", Identity(1, 2, 3, 4), FileState.WAITING, due=5.0)
    ledger.remember([row], 0.0)
    assert ledger.due(5.0, 10) == [row.path]
    assert ledger.due(4.0, 10) == []
    ledger.close()
