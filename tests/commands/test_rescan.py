"""`rescan` beside a breaker: lists what is held and reported, asks before it moves very much, says what it did."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import Daemon, objects, run

pytestmark = pytest.mark.e2e


def test_what_the_breaker_holds_is_listed_looked_at_and_moved_by_word(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, config = tmp_path / "inbox", write_config(breaker="{window: 4, share: 1}")
    with Daemon(config) as daemon:
        for number in range(4):
            bright(inbox / f"b{number}.png")
            daemon.wait_judged(number + 1)
        daemon.wait_log("the breaker opened")
    held = objects(run("status", "--list", "held", "--json", config=config).stdout)
    assert [Path(row["path"]).name for row in held] == ["b3.png"]
    assert held[0]["reason"] == "brighter than your pictures"
    assert held[0]["since"].endswith("Z")
    assert "b3.png" in run("status", "--list", "held", config=config).stdout
    dry = objects(run("rescan", "--dry-run", "--json", config=config).stdout)
    assert [Path(row["path"]).name for row in dry] == ["b3.png"]
    assert (inbox / "b3.png").exists()
    assert "1 quarantined" in run("rescan", config=config).stdout, "one is not very much"
    assert objects(run("status", "--list", "held", "--json", config=config).stdout) == []


def test_what_was_reported_is_taken_up_after_the_switch_to_quarantine(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    bright(inbox / "b.png"), dark(inbox / "d.png")
    run("rescan", config=write_config(mode="report"))
    config = write_config()
    listed = objects(run("status", "--list", "reported", "--json", config=config).stdout)
    assert [(Path(row["path"]).name, row["reason_code"]) for row in listed] == [("b.png", "other_part")]
    assert "1 quarantined" in run("rescan", config=config).stdout
    assert [path.name for path in inbox.iterdir()] == ["d.png"]


def test_so_much_that_the_breaker_would_open_is_moved_only_by_word(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, config = tmp_path / "inbox", write_config(breaker="{window: 10, share: 0.5}")
    for number in range(9):
        bright(inbox / f"b{number}.png")
    dark(inbox / "d.png")
    refused = run("rescan", config=config, code=2)
    assert "9 of 10 pictures would be quarantined" in refused.stderr
    assert "--yes" in refused.stderr
    assert len(list(inbox.iterdir())) == 10
    status = objects(run("status", "--json", config=config, code=3).stdout)[0]
    assert status["judged"] == 1, "what is normal is remembered, whatever is answered"
    assert "9 quarantined" in run("rescan", "--yes", config=config).stdout


def test_copies_that_were_moved_count_among_the_pictures_that_the_share_is_of(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    config = write_config(breaker="{window: 10, share: 0.5}", duplicates="{action: quarantine}")
    for number in range(5):
        bright(inbox / f"b{number}.png")
    dark(inbox / "d.png")
    for number in range(5):
        shutil.copy(inbox / "d.png", inbox / f"copy{number}.png")
    assert "10 quarantined" in run("rescan", config=config).stdout, "5 of 11 are junk, and not 5 of 6"


def test_when_nothing_can_be_moved_it_says_so_and_fails(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, config = tmp_path / "inbox", write_config()
    bright(inbox / "b.png")
    (tmp_path / "quarantine").mkdir(mode=0o700)
    (tmp_path / "quarantine" / "pictures").write_text("in the way")
    done = run("rescan", config=config, code=None)
    assert done.returncode in (73, 74)
    assert "0 quarantined" in done.stdout
    assert "1 left in place" in done.stdout
    assert (inbox / "b.png").exists()
    assert os.listdir(inbox) == ["b.png"]


def test_nothing_is_moved_behind_the_breakers_line(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, config = tmp_path / "inbox", write_config(breaker="{window: 4, share: 1}")
    with Daemon(config) as daemon:
        for number in range(12):
            bright(tmp_path / f"b{number}.png").rename(inbox / f"b{number}.png")
        daemon.wait_judged(12)
        daemon.wait_log("the breaker opened")
    assert "-> quarantine" not in daemon.log.read_text().split("the breaker opened")[1]
