from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from imgwatch.files import Identity
from imgwatch.watching.settle import Settling

A, B = Path("a.jpg"), Path("b.jpg")


def settled(settling: Settling, now: float, look: Callable[[Path], Identity | None]) -> list[Path]:
    return [file.path for file in settling.settled(now, look)]


def version(size: int) -> Identity:
    return Identity(1, 1, size, 0)


def test_a_quiet_file_settles_once() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(5), now=10.0)
    assert settled(settling, 10.9, lambda _: version(5)) == []
    assert settled(settling, 11.0, lambda _: version(5)) == [A]
    assert settled(settling, 99.0, lambda _: version(5)) == []
    assert settling.next() is None


def test_it_is_told_since_when_a_file_is_settled_not_when_somebody_looked() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(5), now=10.0)
    settling.notice(A, version(5), now=10.5)
    assert settling.settled(99.0, lambda _: version(5)) == [(A, 11.5, version(5))]


def test_a_growing_file_waits_on() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(1), now=0.0)
    for now in (1.0, 2.0, 3.0):
        assert settled(settling, now, lambda _, now=now: version(int(now) + 1)) == []  # type: ignore[misc]
    assert settled(settling, 4.0, lambda _: version(4)) == [A]


def test_each_notice_begins_the_wait_again() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(1), now=0.0)
    settling.notice(A, version(1), now=0.9)
    assert settled(settling, 1.5, lambda _: version(1)) == []
    assert settled(settling, 1.9, lambda _: version(1)) == [A]


def test_a_vanished_file_is_forgotten() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(1), now=0.0)
    settling.notice(B, version(1), now=0.0)
    assert settled(settling, 1.0, lambda path: None if path == A else version(1)) == [B]
    assert len(settling) == 0


def test_the_next_is_never_told_late() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(1), now=0.0)
    settling.notice(B, version(1), now=0.5)
    assert settling.next() == (A, 1.0, version(1))


def test_files_may_be_taken_early_and_a_growing_one_still_waits_in_full() -> None:
    settling = Settling(1.0)
    settling.notice(A, version(1), now=0.0)
    settling.notice(B, version(1), now=0.0)
    grown = {A: version(1), B: version(2)}
    assert settling.settled(0.8, grown.get, early_seconds=0.1) == []
    assert settling.settled(0.95, grown.get, early_seconds=0.1) == [(A, 1.0, version(1))]
    assert settling.next() == (B, 1.95, version(2))


def test_namesakes_that_wait_are_known() -> None:
    settling = Settling(1.0)
    picture, film, sidecar = Path("IMG_1.HEIC"), Path("IMG_1.MOV"), Path("IMG_1.HEIC.xmp")
    for path in (picture, film, sidecar, B):
        settling.notice(path, version(5), now=10.0)
    settling.notice(film, version(6), now=10.5)
    assert settling.has_namesake(picture)
    assert not settling.has_namesake(B)
    assert settled(settling, 11.0, lambda _: version(5)) == [picture, sidecar, B]
    assert settling.has_namesake(picture)
    settled(settling, 20.0, lambda _: None)
    assert not settling.has_namesake(picture)
