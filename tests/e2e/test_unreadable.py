"""What could not be read for a reason outside of the file is tried again when that may be gone, and named once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import PACED, Daemon, objects, popen, run, wait_until

pytestmark = pytest.mark.e2e


class WithoutOverride(Daemon):
    """A daemon that obeys the rights of files even where root runs the tests."""

    def start(self) -> None:
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        with self.log.open("ab") as stream:
            watch = [*drop, *PACED, "watch", "--config", str(self.config)]
            self.process = popen(watch, stderr=stream, stdout=stream)


def unreadable(config: Path) -> list[tuple[str, str]]:
    """Return name and reason of what is listed as unreadable."""
    listed = objects(run("status", "--list", "unreadable", "--json", config=config).stdout)
    return [(Path(row["path"]).name, row["reason"]) for row in listed]


def drop_without_rights(tmp_path: Path, name: str) -> Path:
    picture = bright(tmp_path / name)
    picture.chmod(0)
    return picture.rename(tmp_path / "inbox" / name)


@pytest.mark.parametrize("method", ["inotify", "poll"])
def test_a_picture_that_gets_its_rights_later_is_judged_then(
    tmp_path: Path, write_config: WriteConfig, method: str
) -> None:
    config = write_config(watch=f"[{{path: {tmp_path / 'inbox'}, method: {method}}}]")
    with WithoutOverride(config) as daemon:
        picture = drop_without_rights(tmp_path, "late.png")
        daemon.wait_judged(1)
        assert unreadable(config) == [("late.png", "cannot be opened: Permission denied")]
        picture.chmod(0o644)
        daemon.wait_log("late.png -> quarantine")
        assert daemon.status()["judged"] == 1, "one picture is counted once"


@pytest.mark.parametrize("how", ["a new start", "SIGHUP", "rescan"])
def test_it_is_tried_again_by(tmp_path: Path, write_config: WriteConfig, how: str) -> None:
    config = write_config(limits="{megapixels: 0.0005}")
    with Daemon(config) as daemon:
        bright(tmp_path / "inbox" / "large.png")
        daemon.wait_judged(1)
        dark(tmp_path / "inbox" / "also-large.png")
        daemon.wait_judged(2)
        ((_, why), _) = unreadable(config)
        assert "(limits.megapixels)" in why
        if how == "SIGHUP":
            daemon.process.send_signal(signal.SIGHUP)  # in vain: the limit is what it was
            wait_until(lambda: daemon.log.read_text().count("with model") == 2)
            wait_until(lambda: len(unreadable(config)) == 2)
            write_config()
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_log("large.png -> quarantine")
            assert daemon.status()["judged"] == 2
        assert daemon.log.read_text().count("also-large.png: left where it is") == 1
    if how == "rescan":
        write_config()
        assert "large.png" in run("rescan", "--dry-run", config=config).stdout
        assert "2 judged: 1 kept, 1 quarantined" in run("rescan", config=config).stdout
    elif how == "a new start":
        write_config()
        with Daemon(config) as daemon:
            daemon.wait_log("large.png -> quarantine")
            daemon.wait_judged(2)
            assert daemon.status()["judged"] == 2
    assert [path.name for path in (tmp_path / "inbox").iterdir()] == ["also-large.png"]
    assert unreadable(config) == []


def test_what_is_damaged_is_not_tried_again_until_it_changes(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, picture = write_config(), tmp_path / "inbox" / "half.png"
    with Daemon(config) as daemon:
        whole = bright(tmp_path / "whole.png").read_bytes()
        picture.write_bytes(whole[:60])
        daemon.wait_judged(1)
    with Daemon(config) as daemon:
        bright(tmp_path / "inbox" / "b.png")
        daemon.wait_judged(2)
        assert daemon.log.read_text().count("half.png: left where it is") == 1
        picture.write_bytes(whole)
        daemon.wait_log("half.png -> quarantine")
