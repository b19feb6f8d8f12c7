"""`mode: report`: each picture is named once, all are counted, and after the switch the way to move them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import Daemon, objects, run

pytestmark = pytest.mark.e2e


def test_what_is_reported_is_named_counted_and_moved_by_rescan(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, config = tmp_path / "inbox", write_config(mode="report")
    with Daemon(config) as daemon:
        for number in range(3):
            bright(inbox / f"b{number}.png")
        dark(inbox / "d.png")
        daemon.wait_judged(4)
        assert daemon.status()["reported"] == 3
    with Daemon(config) as daemon:
        dark(inbox / "d2.png")
        daemon.wait_judged(5)
        for number in range(3):
            assert daemon.log.read_text().count(f"b{number}.png: reported: brighter") == 1
        assert "imgwatch rescan" not in daemon.log.read_text()
    with Daemon(write_config()) as daemon:
        daemon.wait_log(
            "3 pictures were reported before and not moved; `imgwatch rescan` moves what was reported"
        )
        assert daemon.status()["reported"] == 3
    assert "3 quarantined" in run("rescan", config=config).stdout
    assert objects(run("status", "--json", config=config, code=3).stdout)[0]["reported"] == 0
