"""Reading the log holds little of it, whatever somebody wrote into it."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from imgwatch.quarantine.history import whole_lines

_MIB = 1 << 20


def test_a_line_without_end_costs_a_warning_and_not_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "log.jsonl"
    with file.open("wb") as stream:
        stream.write(b"first\n")
        for _ in range(64):
            stream.write(b"x" * _MIB)
        stream.write(b"\nlast\ntorn")
    with file.open("rb") as log:
        tracemalloc.start()
        lines = list(whole_lines(log.fileno(), 0, os.fstat(log.fileno()).st_size))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    end = 6 + 64 * _MIB + 1
    assert lines == [(6, b"first"), (end, b""), (end + 5, b"last")]
    assert most < 8 * _MIB
    assert len(caplog.records) == 1


@pytest.mark.parametrize("length", [_MIB - 1, _MIB, _MIB + 1, 2 * _MIB, 2 * _MIB + 1])
def test_offsets_are_right_about_the_limit(tmp_path: Path, length: int) -> None:
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"a\n" + b"x" * length + b"\nb\n")
    with file.open("rb") as log:
        lines = list(whole_lines(log.fileno(), 0, os.fstat(log.fileno()).st_size))
    assert [offset for offset, _ in lines] == [2, length + 3, length + 5]
    assert [lines[0][1], lines[2][1]] == [b"a", b"b"]
