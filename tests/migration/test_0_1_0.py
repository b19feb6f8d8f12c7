"""A quarantine, a state folder and a config that version 0.1.0 left, opened by this version.

`make_0_1_0.py` made the archive. Its absolute path stands in records, log, journal and ledger; here a path of the same
length is put in its place, so that offsets into the log stay what they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import bright
from daemon import Daemon, digests, objects, run
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.decisions import Decisions
from imgwatch.judgement import Kind, ReasonCode
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState, ReviewState
from imgwatch.quarantine.journal import _HEADER_BYTES, _MAGIC
from imgwatch.quarantine.schema_1 import reason_of_schema_1

ARCHIVE = Path(__file__).with_name("0.1.0.tar.gz")
MADE_AT = b"/tmp/imgwatch-migration"


@pytest.fixture
def old() -> Iterator[Path]:
    """Lay the folders out below a path of their own."""
    folder = Path("/tmp", f"imgwatch-{secrets.token_hex(5)[:9]}")
    folder.mkdir()
    try:
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(folder, filter="fully_trusted")
        name = _log_name(folder)
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix != ".png":
                _put_path(path, os.fsencode(folder))
        _put_inodes(folder, name)
        yield folder
    finally:
        shutil.rmtree(folder)


def _put_path(path: Path, folder: bytes) -> None:
    status, content = path.stat(), path.read_bytes()
    assert len(folder) == len(MADE_AT)
    content = content.replace(MADE_AT, folder)
    if content.startswith(_MAGIC):  # the journal's checksum
        length = int.from_bytes(content[len(_MAGIC) :][:4], "big")
        payload = content[_HEADER_BYTES : _HEADER_BYTES + length]
        header = content[: len(_MAGIC) + 4] + hashlib.sha256(payload).digest()
        content = header + content[_HEADER_BYTES:]
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _log_name(folder: Path) -> str:
    first = (folder / "quarantine" / "log.jsonl").read_bytes().split(b"\n")[0]
    return hashlib.sha256(first).hexdigest()[:16]


def _put_inodes(folder: Path, log_name: str) -> None:
    """Let the ledger know the files by the inodes that they have here, and the log by its first line here."""
    with sqlite3.connect(folder / "state" / "ledger.sqlite") as ledger:
        for path in (folder / "inbox").iterdir():
            ledger.execute(
                "UPDATE seen SET ino = ? WHERE name = ?", (path.stat().st_ino, os.fsencode(path.name))
            )
        ledger.execute("UPDATE fact SET name = replace(name, ?, ?)", (log_name, _log_name(folder)))
        ledger.execute("DELETE FROM fact WHERE name LIKE 'home of %'")  # another machine's device
    ledger.close()


def test_it_is_shown_as_it_stood(old: Path) -> None:
    settings = load_settings(old / "config.yaml")
    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        quarantine.recover()
        states = {
            Path(r.original).name: quarantine.review_state(r)
            for r in (*quarantine.list(), *quarantine.binned())
        }
        assert states == {
            "back.png": ReviewState.OPEN,
            "binned.png": ReviewState.BINNED,
            "later.png": ReviewState.LATER,
            "open.png": ReviewState.OPEN,
            **dict.fromkeys(("held0.png", "held3.png", "held4.png"), ReviewState.OPEN),
        }
        reasons = {str(record.judgement.reason) for record in quarantine.list()}
        assert reasons == {"brighter than your pictures: stranger than all 200 of them"}
        assert quarantine.check() == []
        assert ledger.counts.totals()["judged"] == 13
        assert {held.path.name for held in ledger.listed(FileState.HELD)} == {"held1.png", "held2.png"}
        unreadable = ledger.listed(FileState.UNREADABLE)
        assert [str(row.reason) for row in unreadable] == ["not a picture of a supported format"]
        assert ledger.feedback.count() == 2


def test_what_a_kill_interrupted_is_ended(old: Path) -> None:
    before = digests(old / "inbox", old / "quarantine" / "pictures")
    settings = load_settings(old / "config.yaml")
    assert open_quarantine(settings).recover()
    assert (old / "inbox" / "interrupted.png").exists()
    assert not (old / "quarantine" / "records" / "interrupted.png.json").exists()
    assert digests(old / "inbox", old / "quarantine" / "pictures") == before


def test_pictures_are_restored_and_decisions_undone(old: Path) -> None:
    settings, log = load_settings(old / "config.yaml"), old / "quarantine" / "log.jsonl"
    written = len(log.read_text().splitlines())
    with open_ledger(settings) as ledger:
        quarantine = open_quarantine(settings, ledger)
        decisions = Decisions(quarantine, ledger)
        last = next(iter(decisions.undoable()), None)
        assert last is not None
        assert Path(last.record.original).name == "later.png", "the last decision of the old version"
        decisions.undo(last)
        assert quarantine.review_state(last.record) is ReviewState.OPEN
        for record in list(quarantine.list()) + list(quarantine.binned()):
            restored = decisions.restore(record).restored_to
            assert restored == Path(record.original)
            assert quarantine.was_restored(record.sha256)
        assert ledger.counts.totals()["restored"] == 2 + 7
    schemas = [json.loads(line).get("schema", 1) for line in log.read_text().splitlines()]
    assert set(schemas[:written]) == {1}
    assert set(schemas[written:]) == {3}


@pytest.mark.e2e
def test_the_daemon_goes_on_and_judges_nothing_twice(old: Path) -> None:
    with Daemon(old / "config.yaml") as daemon:
        bright(old / "inbox" / "new.png")
        daemon.wait_judged(13 + 2)  # the new one, and what the kill had interrupted
        status = daemon.status()
        assert (status["breaker"], status["held"]) == ("open", 4)
        assert status["judged"] == 15
    assert len(objects(run("quarantine", "list", "--json", config=old / "config.yaml").stdout)) == 6
    assert (old / "inbox" / "existing.png").exists()


def test_a_ledger_of_schema_1_is_migrated_once_and_keeps_its_rows(old: Path) -> None:
    path = old / "state" / "ledger.sqlite"
    for _ in range(2):
        Ledger(path).close()
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (4,)
            assert connection.execute("SELECT count(*) FROM seen").fetchone() == (6,)
        connection.close()


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("has words across it: stranger than 99.9 % of them", ReasonCode.CAPTION, Kind.CAPTION),
        ("looks like a screenshot: stranger than all 200 of them", ReasonCode.SCREENSHOT, Kind.SCREENSHOT),
        (
            "cannot be redrawn from what your pictures have in common: ...",
            ReasonCode.UNLIKE_OVERALL,
            Kind.STRANGER,
        ),
        ("the same as what you deleted on 3 May 2026", ReasonCode.TEXT, Kind.STRANGER),
    ],
)
def test_words_of_schema_1_have_the_code_that_they_meant(words: str, code: ReasonCode, kind: Kind) -> None:
    reason = reason_of_schema_1(words)
    assert (reason.code, reason.kind) == (code, kind)
