"""What commands say and do about pictures that are moved by their kind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import objects, run

pytestmark = pytest.mark.e2e


def test_a_dry_run_says_what_would_become_of_each(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, day = tmp_path / "inbox", time.time() - 3 * 86_400
    for name in ("Chat/a.png", "Old/b.png", "c.png", "d.jpg"):
        os.utime(bright(inbox / name), (day, day))
    sorted_out = tmp_path / "sorted" / "%Y"
    rules = (
        f"[{{in: [Chat/**], action: keep}}, {{in: [Old/**], action: report}}, "
        f"{{in: ['*.png'], action: move, to: {sorted_out}}}, {{after_days: 30}}]"
    )
    config = write_config(kinds=f"{{stranger: {rules}}}")
    rows = objects(run("rescan", "--dry-run", "--json", config=config).stdout)
    becomes = {Path(row["path"]).name: row["becomes"] for row in rows}
    due = time.strftime("%Y-%m-%d", time.localtime(day + 30 * 86_400))
    assert becomes == {
        "a.png": "stays: kinds.stranger is keep",
        "b.png": "stays: only reported",
        "c.png": f"to {time.strftime(str(sorted_out), time.localtime(day))}",
        "d.jpg": f"to quarantine on {due}",
    }
    assert f"-> {becomes['c.png']}" in run("rescan", "--dry-run", config=config).stdout
    assert "1 moved to the folders for their kinds, 3 left in place" in run("rescan", config=config).stdout
    assert not (inbox / "c.png").exists()
    for state, name in (("kind-kept", "a.png"), ("reported", "b.png"), ("waiting", "d.jpg")):
        listed = objects(run("status", "--list", state, "--json", config=config).stdout)
        assert [Path(row["path"]).name for row in listed] == [name]


def test_what_was_moved_is_listed_shown_restored_and_undone(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, there = tmp_path / "inbox", tmp_path / "sorted" / "a.png"
    config = write_config(kinds=f"{{stranger: {{action: move, to: {tmp_path / 'sorted'}}}}}")
    bright(inbox / "a.png")
    run("rescan", config=config)
    assert there.exists()
    assert "empty" in run("quarantine", "list", config=config).stdout
    [row] = objects(run("quarantine", "list", "--moved", "--json", config=config).stdout)
    assert (row["original"], row["moved_to"]) == (str(inbox / "a.png"), str(there))
    assert row["id"] in run("quarantine", "list", "--moved", config=config).stdout
    assert f"lies at: {there}" in run("quarantine", "show", row["id"], config=config).stdout
    assert run("quarantine", "delete", row["id"], config=config, code=66).stdout == "0 in the bin, 1 not.\n"
    run("quarantine", "restore", inbox / "a.png", config=config)
    assert (inbox / "a.png").exists()
    assert objects(run("quarantine", "list", "--moved", "--json", config=config).stdout) == []
    assert f"in {there.parent} again" in run("quarantine", "undo", "--yes", config=config).stdout
    assert there.exists()
    assert not (inbox / "a.png").exists()
    run("quarantine", "list", "--moved", "--bin", config=config, code=2)
