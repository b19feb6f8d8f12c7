"""What the user saw is compared under the lock under which the picture is moved: the slower of two is told."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import bright
from daemon import wait_until
from imgwatch.errors import DecidedMeanwhile
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record
from imgwatch.scan import identity_of

JUNK = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)


class Slow(FileOps):
    """Waits in the middle of its next write to the disk, while the quarantine's lock is held, until it may go on."""

    def __init__(self) -> None:
        self.waits, self.may_go_on = threading.Event(), threading.Event()

    def sync(self, descriptor: int) -> None:
        self.waits.set()
        assert self.may_go_on.wait(60)
        super().sync(descriptor)


def restore(quarantine: Quarantine, record: Record) -> None:
    quarantine.restore(record, expected=ReviewState.OPEN)


def delete(quarantine: Quarantine, record: Record) -> None:
    quarantine.delete(record, expected=ReviewState.OPEN)


def postpone(quarantine: Quarantine, record: Record) -> None:
    quarantine.mark(record, ReviewState.LATER, expected=ReviewState.OPEN)


@pytest.mark.parametrize("act", [restore, delete, postpone])
def test_a_picture_binned_while_another_waits_for_the_lock_is_not_moved(
    tmp_path: Path, act: Callable[[Quarantine, Record], None]
) -> None:
    identity = identity_of(bright(tmp_path / "inbox" / "a.png"))
    assert identity is not None
    quarantine = Quarantine(tmp_path / "quarantine")
    record = quarantine.quarantine(tmp_path / "inbox" / "a.png", identity, JUNK)
    slow = Slow()
    binning = threading.Thread(
        target=Quarantine(tmp_path / "quarantine", file_ops=slow).mark, args=(record, ReviewState.BINNED)
    )
    binning.start()
    assert slow.waits.wait(60)
    faults: list[Exception] = []

    def follow() -> None:
        try:
            act(quarantine, record)
        except DecidedMeanwhile as fault:
            faults.append(fault)

    following = threading.Thread(target=follow)
    following.start()
    wait_until(lambda: _waits_for_the_lock(tmp_path / "quarantine"))
    slow.may_go_on.set()
    binning.join(60)
    following.join(60)
    assert [str(fault) for fault in faults] == ["a.png is binned by now; look again"]
    assert quarantine.review_state(record) is ReviewState.BINNED
    assert quarantine.picture(record).exists()


def _waits_for_the_lock(path: Path) -> bool:
    """Return whether two descriptors of this process have the lock file open: the holder's, and that of who waits."""
    lock = (path / ".lock").stat()
    opened = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed since it was listed
            opened += os.path.samestat(os.fstat(int(descriptor)), lock)
    return opened > 1


def test_a_picture_taken_out_of_the_bin_while_that_is_emptied_stays(tmp_path: Path) -> None:
    identity = identity_of(bright(tmp_path / "inbox" / "a.png"))
    assert identity is not None
    quarantine = Quarantine(tmp_path / "quarantine")
    record = quarantine.quarantine(tmp_path / "inbox" / "a.png", identity, JUNK)
    quarantine.mark(record, ReviewState.BINNED)
    slow = Slow()
    opening = threading.Thread(
        target=Quarantine(tmp_path / "quarantine", file_ops=slow).mark, args=(record, ReviewState.OPEN)
    )
    opening.start()
    assert slow.waits.wait(60)
    emptied: list[Record] = []
    emptying = threading.Thread(
        target=lambda: emptied.extend(
            record for record in quarantine.binned() if quarantine.delete_binned(record)
        )
    )
    emptying.start()
    slow.may_go_on.set()
    opening.join(60)
    emptying.join(60)
    assert emptied == []
    assert quarantine.picture(record).exists()
