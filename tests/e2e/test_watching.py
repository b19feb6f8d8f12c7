"""Each way in which a picture may arrive, through the real daemon and the kernel's real events."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark, picture_bytes
from daemon import Daemon, digests, objects, run, wait_until, write_slowly
from killing import decoders_of

pytestmark = pytest.mark.e2e


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


@pytest.fixture
def watching(tmp_path: Path, write_config: WriteConfig) -> Iterator[Daemon]:
    with Daemon(write_config()) as daemon:
        yield daemon


def quarantined(daemon: Daemon) -> list[str]:
    return sorted(
        Path(record["original"]).name
        for record in objects(run("quarantine", "list", "--json", config=daemon.config).stdout)
    )


def test_copied_moved_linked_and_renamed_in(watching: Daemon, tmp_path: Path, outside: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copy(bright(outside / "copied.png"), inbox)
    bright(outside / "moved.png").rename(inbox / "moved.png")
    os.link(bright(outside / "linked.png"), inbox / "linked.png")
    bright(inbox / "written.png.part").rename(inbox / "renamed.png")
    dark(inbox / "normal.png")
    watching.wait_judged(5)
    assert quarantined(watching) == ["copied.png", "linked.png", "moved.png", "renamed.png"]
    assert [path.name for path in inbox.iterdir()] == ["normal.png"]
    assert (outside / "linked.png").exists()
    assert watching.status()["judged"] == 5


def workers_begun(daemon: Daemon) -> list[float]:
    """Return when each decoding worker of a daemon began, in seconds since the machine was booted."""
    begun = []
    for pid in decoders_of(daemon.process.pid):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            begun.append(int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    return begun


def test_nothing_is_moved_before_it_has_settled_and_workers_begin_meanwhile(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    seconds = 1.8
    with Daemon(write_config(settle_seconds=str(seconds))) as daemon:
        assert workers_begun(daemon) == []
        for name in ("b1.png", "b2.png"):
            content, moved = picture_bytes(230), tmp_path / "quarantine" / "pictures" / name
            before = time.clock_gettime(time.CLOCK_BOOTTIME)
            (tmp_path / "inbox" / name).write_bytes(content)
            time.sleep(seconds - 0.2)
            while not moved.exists():
                assert time.clock_gettime(time.CLOCK_BOOTTIME) < before + 60, daemon.log.read_text()
            there = time.clock_gettime(time.CLOCK_BOOTTIME)
            assert there - before >= seconds
            assert there - min(workers_begun(daemon)) >= seconds / 2, "a start takes half a second itself"


def test_folders_made_and_filled_at_once_and_moved_in_whole(
    watching: Daemon, tmp_path: Path, outside: Path
) -> None:
    inbox = tmp_path / "inbox"
    for number in range(20):
        bright(inbox / f"made{number}" / "deep" / f"a{number}.png")
    for number in range(20):
        bright(outside / "whole" / f"sub{number}" / f"b{number}.png")
    (outside / "whole").rename(inbox / "whole")
    watching.wait_judged(40)
    assert len(quarantined(watching)) == 40


def test_a_slowly_written_picture_is_judged_once_and_whole(tmp_path: Path, write_config: WriteConfig) -> None:
    content = picture_bytes(230, size=200, file_format="BMP")
    with Daemon(write_config(settle_seconds="5")) as daemon:  # seconds of room for a writer that has to wait
        write_slowly(tmp_path / "inbox" / "slow.bmp", content, pieces=12, pause_seconds=0.5)
        daemon.wait_judged(1)
        assert quarantined(daemon) == ["slow.bmp"]
        assert daemon.status()["unreadable"] == 0


def test_a_picture_that_pauses_longer_than_it_takes_to_settle_is_judged_again_when_whole(
    watching: Daemon, tmp_path: Path
) -> None:
    content = picture_bytes(230, size=200)
    with (tmp_path / "inbox" / "pauses.png").open("wb", buffering=0) as stream:
        stream.write(content[: len(content) // 2])
        watching.wait_judged(1)
        stream.write(content[len(content) // 2 :])
    wait_until(lambda: quarantined(watching) == ["pauses.png"])
    status = watching.status()
    assert (status["judged"], status["unreadable"]) == (2, 1)


def test_what_lay_there_is_left_alone_and_what_came_during_a_pause_is_judged(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    bright(inbox / "old.png")
    config = write_config()
    with Daemon(config) as daemon:
        bright(inbox / "first.png")
        daemon.wait_judged(1)
    bright(inbox / "while-down.png")
    with Daemon(config) as daemon:
        daemon.wait_judged(2)
        assert quarantined(daemon) == ["first.png", "while-down.png"]
    assert (inbox / "old.png").exists()


def test_existing_pictures_are_judged_when_asked_to(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    bright(inbox / "old.png")
    with Daemon(write_config(watch=f"[{{path: {inbox}, existing: judge}}]")) as daemon:
        daemon.wait_judged(1)
        assert quarantined(daemon) == ["old.png"]


def test_a_quarantine_inside_the_watched_folder_is_never_watched(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config(quarantine=f"{{path: {inbox / 'junk'}}}")) as daemon:
        bright(inbox / "a.png")
        daemon.wait_judged(1)
        run("quarantine", "restore", "--all", config=daemon.config)
        bright(inbox / "b.png")
        daemon.wait_judged(2)
        assert quarantined(daemon) == ["b.png"]
        assert daemon.status()["judged"] == 2


def test_only_pictures_are_touched(watching: Daemon, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "letter.txt").write_text("hello")
    (inbox / "no-extension").write_bytes(picture_bytes(230))
    (inbox / "damaged.jpg").write_bytes(b"\xff\xd8\xff, and no more")
    os.mkfifo(inbox / "fifo.jpg")
    (inbox / "link.png").symlink_to(bright(tmp_path / "elsewhere.png"))
    watching.wait_judged(2)
    assert quarantined(watching) == ["no-extension"]
    assert sorted(path.name for path in inbox.iterdir()) == [
        "damaged.jpg",
        "fifo.jpg",
        "letter.txt",
        "link.png",
    ]


def test_folders_that_are_polled_miss_nothing(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config(watch=f"[{{path: {inbox}, method: poll}}]")) as daemon:
        bright(inbox / "sub" / "a.png")
        daemon.wait_judged(1)
        assert quarantined(daemon) == ["a.png"]


def test_report_mode_moves_nothing(tmp_path: Path, write_config: WriteConfig) -> None:
    with Daemon(write_config(mode="report")) as daemon:
        bright(tmp_path / "inbox" / "a.png")
        daemon.wait_judged(1)
        assert quarantined(daemon) == []
    assert (tmp_path / "inbox" / "a.png").exists()


def test_restored_pictures_stay_and_are_not_judged_again(watching: Daemon, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    bright(inbox / "a.png")
    bright(inbox / "b.png")
    before = digests(inbox)
    watching.wait_judged(2)
    wait_until(lambda: len(quarantined(watching)) == 2)
    run("quarantine", "restore", "--all", config=watching.config)
    shutil.copy(inbox / "a.png", inbox / "copy-of-a.png")
    watching.wait_judged(3)
    assert quarantined(watching) == []
    assert sorted(set(digests(inbox))) == sorted(before)


def test_a_burst_that_overflows_the_kernels_queue_is_judged_in_full(watching: Daemon, tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    inbox, number = tmp_path / "inbox", 1000
    watching.process.send_signal(signal.SIGSTOP)  # so that nobody empties the queue
    for serial in range(limit // 2 + 1):  # each file makes two events: created, closed
        (inbox / f"{serial}.txt").touch()
    for serial in range(number):  # of which no event is left
        (bright if serial % 100 == 0 else dark)(inbox / f"{serial}.png")
    watching.process.send_signal(signal.SIGCONT)
    watching.wait_judged(number, 240)
    watching.wait_log("more happened at once than the kernel could report")
    assert len(quarantined(watching)) == number // 100
    assert len(list(inbox.glob("*.png"))) == number - number // 100
