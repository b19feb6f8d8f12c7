"""By which facts a file is known that lay there on the first day, and by which it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imgwatch.files import Identity
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState

FINE = 1_600_000_000_123_456_789
WHOLE = 1_600_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    folder = Path("/photos")
    rows = [
        Row(folder / "fine.jpg", Identity(1, 10, 5000, FINE), FileState.EXISTING),
        Row(folder / "whole.jpg", Identity(1, 11, 6000, WHOLE), FileState.EXISTING),
        Row(folder / "kept.jpg", Identity(1, 12, 7000, FINE), FileState.KEPT),
    ]
    opened.begin(folder, rows, 0.0)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("identity", "name", "is_known"),
    [
        (Identity(1, 10, 5000, FINE), "other.jpg", True),  # renamed
        (Identity(2, 99, 5000, FINE), "other.jpg", True),  # copied to another disk, under another name
        (Identity(2, 99, 5000, FINE - FINE % (2 * SECOND)), "FINE.JPG", True),  # to a disk with FAT
        (Identity(2, 99, 5000, FINE - FINE % SECOND), "other.jpg", False),
        (Identity(1, 11, 6000, WHOLE), "other.jpg", True),
        (Identity(2, 99, 6000, WHOLE), "whole.jpg", True),
        (
            Identity(2, 99, 6000, WHOLE),
            "other.jpg",
            False,
        ),  # many files have a size and a whole second in common
        (Identity(1, 10, 5001, FINE), "fine.jpg", False),
        (Identity(1, 10, 5000, FINE + 3 * SECOND), "fine.jpg", False),
        (Identity(1, 10, 5000, 2**63 - 1), "fine.jpg", False),
        (Identity(1, 10, 5000, -(2**63 - 1)), "fine.jpg", False),
        (Identity(1, 12, 7000, FINE), "kept.jpg", False),  # it was new once, and judged
    ],
)
def test_a_file_of_the_first_day_is_known(
    ledger: Ledger, identity: Identity, name: str, is_known: bool
) -> None:
    assert ledger.left_alone.lay_there(identity, name) is is_known


def test_the_index_serves_the_question(ledger: Ledger) -> None:
    [(*_, plan)] = ledger._file.ask(
        "EXPLAIN QUERY PLAN SELECT ino FROM seen WHERE state = 'existing' AND size = 1 AND mtime_ns BETWEEN 1 AND 2"
    )
    assert "seen_existing" in plan


def test_what_was_moved_is_found_by_its_bytes_and_by_its_pixels(ledger: Ledger) -> None:
    ledger.left_alone.note_moved("a" * 12, "ab" * 32, b"pixels")
    ledger.left_alone.note_moved("b" * 12, "cd" * 32, None)
    assert ledger.left_alone.moved_before("ab" * 32, None) == [("a" * 12, "ab" * 32)]
    assert ledger.left_alone.moved_before("ef" * 32, b"pixels") == [("a" * 12, "ab" * 32)]
    assert ledger.left_alone.moved_before("cd" * 32, b"others") == [("b" * 12, "cd" * 32)]
    assert ledger.left_alone.moved_before("ef" * 32, None) == []
