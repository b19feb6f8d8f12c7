"""A file that another process has open for writing is known by lease and, where there is none, by /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imgwatch import mounts, writers
from imgwatch.writers import has_writer, has_writer_in_proc

HOLD = "import sys; stream = open(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"


@contextmanager
def opened_by_another(path: Path, mode: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield


@pytest.mark.parametrize("asked", [has_writer, has_writer_in_proc])
def test_a_writer_is_known_and_a_reader_is_none(tmp_path: Path, asked: Callable[[int], bool]) -> None:
    path, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    path.write_bytes(b"half")
    other.write_bytes(b"whole")
    with path.open("rb") as stream, other.open("rb") as beside:
        assert not asked(stream.fileno())
        with opened_by_another(path, "rb"):
            assert not asked(stream.fileno())
        for mode in ("ab", "r+b"):
            with opened_by_another(path, mode):
                assert asked(stream.fileno())
                assert not asked(beside.fileno())
        assert not asked(stream.fileno())


def test_a_lease_leaves_no_signal_handler_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.touch()
    with path.open("rb") as stream, path.open("ab"):
        assert has_writer(stream.fileno())
    assert signal.getsignal(signal.SIGIO) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("kind", "is_proof"),
    [("ext4", True), ("fuse.bindfs", True), ("nfs4", False), ("cifs", False), ("smb3", False)],
)
def test_a_server_that_refuses_a_lease_has_named_no_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_proof: bool
) -> None:
    path, table, no_processes = tmp_path / "a.jpg", tmp_path / "mountinfo", tmp_path / "proc"
    path.touch()
    no_processes.mkdir()
    device = path.stat().st_dev
    table.write_text(f"21 1 {os.major(device)}:{os.minor(device)} / / rw - {kind} server:/x rw\n")
    monkeypatch.setattr(mounts, "_TABLE", table)
    with path.open("rb") as stream, path.open("ab"):  # the kernel refuses the lease with EAGAIN
        assert has_writer(stream.fileno())
        monkeypatch.setattr(writers, "_PROC", no_processes)
        assert has_writer(stream.fileno()) is is_proof
