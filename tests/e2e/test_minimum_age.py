"""`minimum_age`: a picture lies in its folder for a while before it is judged, over restarts, by daemon and rescan."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import Daemon, objects, run

pytestmark = pytest.mark.e2e
AGE_SECONDS = 5


def test_a_picture_is_judged_when_it_is_old_enough_whatever_its_date(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(minimum_age=f"{AGE_SECONDS}s"), tmp_path / "inbox"
    came = {}
    with Daemon(config) as daemon:
        for name in ("first.png", "second.png"):
            path = bright(inbox / name)
            os.utime(path, (1, 1))  # as a copy that keeps its date
            came[name] = path.lstat().st_ctime
        daemon.kill()
        daemon.start()
        daemon.wait_log("second.png -> quarantine")
        daemon.wait_judged(2)
    records = objects(run("quarantine", "list", "--json", config=config).stdout)
    assert len(records) == 2
    for record in records:
        moved_at = datetime.fromisoformat(record["quarantined_at"]).timestamp()
        assert moved_at >= came[Path(record["original"]).name] + AGE_SECONDS


def test_rescan_leaves_what_is_too_young_and_says_so(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config(minimum_age="1d")
    young = bright(tmp_path / "inbox" / "young.png")
    done = run("rescan", config=config)
    assert "1 picture younger than minimum_age (1d) left for later" in done.stderr
    assert "0 judged" in done.stdout
    assert young.exists()
    write_config()
    assert "1 judged" in run("rescan", config=config).stdout
