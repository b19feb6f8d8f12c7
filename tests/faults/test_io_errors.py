"""The kernel says EIO or ENOSPC to a running program, at each kind of call that moving rests on (strace injects it)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import digests, objects, run

pytestmark = [pytest.mark.faults, pytest.mark.root]

CALLS = ("renameat2", "fsync", "pwrite64")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", CALLS)
def test_every_picture_is_whole_in_one_place(
    tmp_path: Path, write_config: WriteConfig, call: str, error: str
) -> None:
    config, inbox, quarantine = write_config(), tmp_path / "inbox", tmp_path / "quarantine"
    for number in range(3):
        dark(inbox / f"a{number}.png"), bright(inbox / f"b{number}.png")
    run("rescan", "--dry-run", config=config)  # all that is made once is there
    before = digests(inbox)
    injected = 0
    for when in ("1", "2+3", "5+7"):
        trace = tmp_path / "trace"
        strace = ["strace", "-f", "-qqq", "-o", str(trace), "-e", f"inject={call}:error={error}:when={when}"]
        rescan = [sys.executable, "-m", "imgwatch", "rescan", "--all", "--config", str(config)]
        subprocess.run([*strace, *rescan], capture_output=True, timeout=120, check=False)
        injected += trace.read_text().count("INJECTED")
        assert digests(inbox, quarantine / "pictures") == before, (call, error, when)
    assert injected >= 2
    run("rescan", "--all", config=config)
    records = objects(run("quarantine", "list", "--json", config=config).stdout)
    assert sorted(record["file"] for record in records) == sorted(
        path.name for path in (quarantine / "pictures").iterdir()
    )
    assert len(records) == 3
    assert digests(inbox, quarantine / "pictures") == before
