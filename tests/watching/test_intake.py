from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgwatch import scan
from imgwatch.judgement import Judgement, Verdict, in_words, unreadable
from imgwatch.judging import Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.pipeline import hold_until_settled
from imgwatch.scan import Listing, Scope, identity_of
from imgwatch.settings import Settings, checked
from imgwatch.watching import intake
from imgwatch.watching.roots import Roots
from imgwatch.watching.watcher import Hints


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def roots(tmp_path: Path, inbox: Path) -> Roots:
    settings = {
        "watch": [{"path": str(inbox), "existing": "judge"}],
        "quarantine": {"path": str(tmp_path / "quarantine")},
    }
    roots = Roots(checked({**settings, "state": str(tmp_path / "state")}, Settings), Hints())
    for root in roots:
        root.folder = (0, 0)
    return roots


@pytest.mark.parametrize("by_hint", [True, False])
def test_what_is_too_much_at_once_is_left_out_and_found_by_the_next_scans(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, roots: Roots, inbox: Path, by_hint: bool
) -> None:
    monkeypatch.setattr(intake, "_MOST", 10)
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None)
    paths = {inbox / f"{number}.jpg" for number in range(35)}
    for path in paths:
        path.write_bytes(b"x")
        if by_hint:
            waiting.notice(path)
    [root] = roots
    seen: set[Path] = set()
    begun: list[Scope] = []

    def walk(scope: Scope, top: Path | None) -> Iterator[tuple[Path, Listing]]:
        begun.append(scope)
        return scan.walk(scope, top)

    monkeypatch.setattr(intake, "walk", walk)
    while root.next_scan <= now:
        waiting.scan(root)
        now += 2.0
        while taken := waiting.take(4):
            seen |= {file.path for file in taken}
            ledger.remember([Row(file.path, file.identity, FileState.KEPT) for file in taken], now)
    assert seen == paths
    assert len(waiting) == 0
    assert len(begun) == 2  # one that paused while too many waited, and one that found nothing more


def test_a_scan_does_not_make_a_file_wait_longer(ledger: Ledger, roots: Roots, inbox: Path) -> None:
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None)
    path = inbox / "a.jpg"
    path.write_bytes(b"x")
    [root] = roots
    waiting.scan(root)
    now = 0.6
    waiting.scan(root)
    now = 1.0
    assert [file.path for file in waiting.take(9)] == [path]


def test_a_file_that_was_written_to_between_two_scans_waits_anew(
    ledger: Ledger, roots: Roots, inbox: Path
) -> None:
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None)
    path = inbox / "a.jpg"
    [root] = roots
    path.write_bytes(b"x")
    waiting.scan(root)
    now = 0.6
    path.write_bytes(b"xx")
    waiting.scan(root)
    now = 1.0
    assert waiting.take(9) == []
    now = 1.6
    assert [file.path for file in waiting.take(9)] == [path]


def test_a_picture_is_taken_early_and_its_judgement_kept_back_until_it_has_settled(
    ledger: Ledger, roots: Roots, inbox: Path
) -> None:
    begun = time.monotonic()
    waiting = intake.Intake(0.5, ledger, roots, time.monotonic, lambda: None)
    path, other = inbox / "a.jpg", inbox / "b.jpg"
    for each in (path, other):
        each.write_bytes(b"x")
        waiting.notice(each)
    while not (taken := waiting.take(9)):
        assert time.monotonic() - begun < 30
    settled = {file.path: file for file in taken}
    judged = [
        Judged(file.path, file.identity, Judgement(Verdict.QUARANTINE, in_words(""), "m", 0.9, 0.5))
        for file in taken
    ]
    other.write_bytes(b"written to meanwhile")
    held = hold_until_settled(iter(judged), settled, time.monotonic, waiting.notice)
    assert [picture.path for picture in held] == [path]
    assert time.monotonic() >= max(file.since for file in taken) >= begun + 0.5
    assert len(waiting) == 1, "the other waits anew"


def test_what_was_damaged_while_it_was_read_and_finished_since_is_judged_again(
    ledger: Ledger, roots: Roots, inbox: Path
) -> None:
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None)
    path = inbox / "a.jpg"
    path.write_bytes(b"half")
    waiting.notice(path)
    now = 1.0
    [file] = waiting.take(9)
    path.write_bytes(b"finished after the decoder had read half of it")
    finished = identity_of(path)
    assert finished is not None
    damaged = Judged(path, finished, unreadable("damaged", "m", None))
    assert list(hold_until_settled([damaged], {path: file}, lambda: now, waiting.notice)) == []
    now = 2.0
    assert [file.identity for file in waiting.take(9)] == [finished]


def test_only_a_picture_that_is_near_is_expected(ledger: Ledger, roots: Roots, inbox: Path) -> None:
    now = 0.0
    waiting = intake.Intake(10.0, ledger, roots, lambda: now, lambda: None)
    assert not waiting.expects_picture(2.0)
    (inbox / "a.txt").write_bytes(b"words")
    waiting.notice(inbox / "a.txt")
    now = 9.0
    assert not waiting.expects_picture(2.0), "no picture"
    assert waiting.take(9) == []
    now = 10.0
    assert waiting.take(9) == []
    (inbox / "a.jpg").write_bytes(b"x")
    waiting.notice(inbox / "a.jpg")
    assert not waiting.expects_picture(2.0), "in ten seconds"
    now = 18.0
    assert waiting.expects_picture(2.0)


def test_what_a_rescan_has_judged_stays_judged_at_the_first_start(ledger: Ledger, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = {"watch": [{"path": str(inbox)}], "quarantine": {"path": str(tmp_path / "quarantine")}}
    roots = Roots(checked({**settings, "state": str(tmp_path / "state")}, Settings), Hints())
    judged, other = inbox / "judged.jpg", inbox / "other.jpg"
    for path in (judged, other):
        path.write_bytes(b"x")
    identity = identity_of(judged)
    assert identity is not None
    ledger.remember(
        [Row(judged, identity, FileState.KEPT, Judgement(Verdict.KEEP, in_words(""), "m", 0.3, 0.5))], 1.0
    )
    [root] = roots
    intake.Intake(1.0, ledger, roots, lambda: 0.0, lambda: None).begin_or_scan(root)
    states = {path: known.state for path in (judged, other) if (known := ledger.known(path))}
    assert states == {judged: FileState.KEPT, other: FileState.EXISTING}
    assert ledger.scores("m", 0.0) == [(1.0, 0.3)]


def test_a_picture_is_not_taken_before_what_belongs_to_it_has_settled(
    ledger: Ledger, roots: Roots, inbox: Path
) -> None:
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None)
    picture, film = inbox / "a.jpg", inbox / "a.mov"
    for path in (picture, film):
        path.write_bytes(b"x")
        waiting.notice(path)
    taken = []
    for step in range(1, 11):
        now = step * 0.8
        if step < 6:
            film.write_bytes(b"x" * step)
            waiting.notice(film)
        taken += [(step, file.path) for file in waiting.take(9)]
    assert [path for _, path in taken] == [picture]
    assert taken[0][0] > 5


@pytest.mark.parametrize(
    ("together", "taken"), [(False, ["a.dng", "a.jpg", "b.dng", "c.thm"]), (True, ["a.jpg", "b.dng"])]
)
def test_a_raw_beside_its_jpeg_is_left_to_it_unless_pictures_are_alone(
    ledger: Ledger, roots: Roots, inbox: Path, together: bool, taken: list[str]
) -> None:
    now = 0.0
    waiting = intake.Intake(1.0, ledger, roots, lambda: now, lambda: None, together=together)
    for name, content in (("a.jpg", b"\xff\xd8\xff\xe0"), ("c.thm", b"\xff\xd8\xff\xe0")):
        (inbox / name).write_bytes(content)
    for name in ("a.dng", "b.dng"):
        (inbox / name).write_bytes(b"II*\0 \0\0\0")
    for path in inbox.iterdir():
        waiting.notice(path)
    now = 5.0
    assert sorted(file.path.name for file in waiting.take(9)) == taken


def test_a_watched_folder_is_remembered_by_its_inode(ledger: Ledger, roots: Roots, inbox: Path) -> None:
    [root] = roots
    root.folder = (1, inbox.stat().st_ino)
    intake.Intake(1.0, ledger, roots, lambda: 0.0, lambda: None).begin_or_scan(root)
    assert ledger.facts.root_inodes() == {inbox: inbox.stat().st_ino}
