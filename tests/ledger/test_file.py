"""The ledger's file under faults: damaged, newer, locked, read by a command while a daemon has it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import binary, booleans, integers

from imgwatch.errors import FormatTooNew, LedgerDamaged, Unavailable
from imgwatch.files import Identity
from imgwatch.ledger import Ledger, Row
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
