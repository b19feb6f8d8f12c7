from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.ledger.feedback import Remembered
from imgwatch.ledger.file import LedgerFile
from imgwatch.lifecycle import FileState

FIRST = Identity(1, 10, 100, 1000)
KEPT = Judgement(Verdict.KEEP, in_words("calm"), "m-1", 0.2, 0.5, "ab" * 32)
BROKEN = Judgement(Verdict.UNREADABLE, in_words("damaged"), "m-1")
A = Path("/in/a.jpg")


def test_what_is_remembered_is_known(ledger: Ledger) -> None:
    ledger.remember([Row(A, FIRST, FileState.KEPT, KEPT)], now=1.0)
    known = ledger.known(A)
    assert known is not None
    assert known.covers(FIRST)
    assert known.model == "m-1"
    assert ledger.unfinished(A.parent, {"a.jpg": FIRST, "b.jpg": FIRST}) == ["b.jpg"]
    assert ledger.known(Path("/in/b.jpg")) is None


@pytest.mark.parametrize("change", [{"ino": 11}, {"size": 101}, {"mtime_ns": 1001}])
def test_another_version_of_a_file_is_not_covered(ledger: Ledger, change: dict[str, int]) -> None:
    ledger.remember([Row(A, FIRST, FileState.KEPT, KEPT)], now=1.0)
    known = ledger.known(A)
    assert known is not None
    assert not known.covers(FIRST._replace(**change))


def test_a_device_that_was_renumbered_is_the_same_file(ledger: Ledger) -> None:
    ledger.remember([Row(A, FIRST, FileState.KEPT, KEPT)], now=1.0)
    known = ledger.known(A)
    assert known is not None
    assert known.covers(FIRST._replace(dev=77))


def test_each_version_is_counted_once(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.remember([Row(A, FIRST, FileState.KEPT, KEPT)], now=1.0)
    ledger.remember([Row(A, FIRST._replace(size=5), FileState.UNREADABLE, BROKEN)], now=2.0)
    ledger.remember([Row(Path("/in/notes"), FIRST, FileState.OTHER)], now=2.0)
    assert ledger.counts.totals() == {"judged": 2, "unreadable": 1}


def test_a_pending_move_is_taken_up_again(ledger: Ledger) -> None:
    ledger.remember([Row(A, FIRST, FileState.PENDING, KEPT)], now=1.0)
    known = ledger.known(A)
    assert known is not None
    assert not known.covers(FIRST)
    assert list(ledger.waiting(FileState.PENDING)) == [A]
    ledger.forget([A])
    assert list(ledger.waiting(FileState.PENDING)) == []
    assert ledger.counts.totals()["judged"] == 1


def test_names_of_any_bytes_come_back(ledger: Ledger) -> None:
    path = Path(os.fsdecode(b"/in/\xff new\nline \xe2\x80\xae")) / os.fsdecode(b"-\xfe.jpg")
    ledger.remember([Row(path, FIRST, FileState.PENDING, KEPT)], now=1.0)
    assert list(ledger.waiting(FileState.PENDING)) == [path]
    assert ledger.unfinished(path.parent, {path.name: FIRST}) == [path.name]
    ledger.remember([Row(path, FIRST, FileState.KEPT, KEPT)], now=1.0)
    assert ledger.unfinished(path.parent, {path.name: FIRST}) == []


def test_a_first_start_is_remembered_all_or_nothing(ledger: Ledger) -> None:
    root = Path("/in")

    def breaks_off() -> object:
        yield Row(A, FIRST, FileState.EXISTING)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.begin(root, breaks_off(), now=1.0)  # type: ignore[arg-type]
    assert ledger.is_first_start(root)
    assert ledger.known(A) is None
    assert ledger.begin(root, [Row(A, FIRST, FileState.EXISTING)], now=1.0) == 1
    assert not ledger.is_first_start(root)
    assert ledger.counts.totals().get("judged", 0) == 0


def test_of_a_folder_with_many_more_files_only_those_asked_for_are_read(ledger: Ledger) -> None:
    rows = [Row(Path(f"/in/{number}.jpg"), FIRST, FileState.KEPT, KEPT) for number in range(500)]
    ledger.remember(rows, now=1.0)
    asked = {"3.jpg": FIRST, "4.jpg": FIRST._replace(size=5), "new.jpg": FIRST}
    assert ledger.unfinished(Path("/in"), asked) == ["4.jpg", "new.jpg"]


def test_a_version_beyond_64_bits_is_known_as_it_was_remembered(ledger: Ledger) -> None:
    version = (1, 2**64 - 1, 100, 2**70)
    ledger.remember([Row(A, Identity.of_version(version), FileState.KEPT, KEPT)], now=1.0)
    assert ledger.unfinished(A.parent, {A.name: version}) == []
    assert ledger.unfinished(A.parent, {A.name: version, "new\0.jpg": version}) == ["new\0.jpg"]
    assert ledger.unfinished(A.parent, {A.name: (1, 2**64 - 1, 101, 2**70)}) == [A.name]
    assert ledger.unfinished(A.parent, {}) == []


def test_what_another_model_judged_is_unfinished_for_this_one(ledger: Ledger) -> None:
    ledger.remember([Row(A, FIRST, FileState.KEPT, KEPT)], now=1.0)
    assert ledger.unfinished(A.parent, {A.name: FIRST}, "m-1") == []
    assert ledger.unfinished(A.parent, {A.name: FIRST}, "m-2") == [A.name]


class Traced(LedgerFile):
    """A ledger's file that notes every statement that it is asked."""

    asked: dict[str, tuple[Any, ...]]

    def ask(self, question: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        self.asked[question] = values
        return super().ask(question, values)

    def plan(self, question: str) -> str:
        steps = super().ask(f"EXPLAIN QUERY PLAN {question}", self.asked[question])
        return "; ".join(str(step[3]) for step in steps)


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Ledger, Traced]]:
    statements: list[Traced] = []

    def opened(path: Path, *, mend: bool) -> Traced:
        statements.append(Traced(path, mend=mend))
        statements[-1].asked = {}
        return statements[-1]

    monkeypatch.setattr("imgwatch.ledger.LedgerFile", opened)
    ledger = Ledger(tmp_path / "traced.sqlite")
    yield ledger, statements[0]
    ledger.close()


def test_nothing_that_is_done_for_each_file_or_each_round_scans_the_whole_table(
    traced: tuple[Ledger, Traced],
) -> None:
    ledger, file = traced
    listing = {f"{number}.jpg": FIRST for number in range(300)}
    rows = [Row(A.parent / name, FIRST, FileState.KEPT, KEPT) for name in listing]
    ledger.begin(A.parent, [Row(A, FIRST, FileState.EXISTING)], now=1.0)
    ledger.remember(rows, now=1.0)
    ledger.unfinished(A.parent, listing)
    ledger.unfinished(A.parent, {"1.jpg": FIRST}, "m-1")
    ledger.known(A)
    for state in (FileState.PENDING, FileState.HELD):
        ledger.waiting(state)
    assert not ledger.facts.breaker_is_open
    ledger.facts.open_breaker("")
    ledger.feedback.remember(Remembered("ab" * 32, True, 1.0, "m-1", b""))
    ledger.feedback.forget("ab" * 32, is_junk=True)
    ledger.forget([A])
    plans = {question: file.plan(question) for question in file.asked if "seen" in question}
    assert len(plans) >= 7
    assert [(question, plan) for question, plan in plans.items() if "SCAN" in plan] == []


def test_the_inodes_of_watched_folders_are_remembered(ledger: Ledger) -> None:
    first, second = Path("/pictures/first"), Path("/pictures/second")
    ledger.begin(first, [], 1.0)
    ledger.begin(second, [], 1.0)
    ledger.facts.put_root_inode(second, 7)
    ledger.facts.put_root_inode(second, 8)
    assert ledger.facts.root_inodes() == {first: 0, second: 8}


@pytest.mark.parametrize(
    "path", ["/a.jpg", "/in/a.jpg", "/in/deeper/\udcff.jpg", "a.jpg", "s3:/bucket/a.jpg"]
)
def test_a_file_is_kept_under_its_folder_and_its_name(ledger: Ledger, path: str) -> None:
    file = Path(path)
    ledger.remember([Row(file, FIRST, FileState.HELD, KEPT), Row(A, FIRST, FileState.HELD, KEPT)], now=1.0)
    assert set(ledger.waiting(FileState.HELD)) == {file, A}
    assert ledger.unfinished(file.parent, {file.name: FIRST}) == []
    ledger.forget([file])
    assert set(ledger.waiting(FileState.HELD)) == {A} - {file}
