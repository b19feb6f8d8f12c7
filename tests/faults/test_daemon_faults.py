"""The real daemon under real faults: it says so once, moves nothing meanwhile, and goes on by itself afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import WriteConfig, bright, dark, picture_bytes, write_brightness_model
from daemon import COMMAND, Daemon, digests, names, run, wait_until
from hanging import write_always_hangs, write_white_hangs
from killing import decoders_killed, decoders_of
from mounts import Mount, fill

pytestmark = pytest.mark.faults


def quarantined(tmp_path: Path) -> list[str]:
    folder = tmp_path / "quarantine" / "pictures"
    return names(list(folder.iterdir())) if folder.is_dir() else []


def wait_quarantined(daemon: Daemon, tmp_path: Path, *wanted: str, seconds: float = 60) -> None:
    wait_until(lambda: set(wanted) <= set(quarantined(tmp_path)), seconds, daemon.log.read_text()[-3000:])


# --- the watched folder


def test_a_folder_removed_and_made_again_is_watched_again(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        dark(inbox / "d1.png")
        daemon.wait_judged(1)
        shutil.rmtree(inbox)
        daemon.wait_log("is gone")
        wait_until(lambda: daemon.status()["folders"] == {str(inbox): "gone"}, 20)
        inbox.mkdir()
        bright(inbox / "b1.png")
        wait_quarantined(daemon, tmp_path, "b1.png")
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b2.png")
        daemon.told_once("is gone")


def test_a_folder_replaced_by_another_is_watched(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, other = tmp_path / "inbox", tmp_path / "other"
    with Daemon(write_config()) as daemon:
        bright(other / "b1.png")
        inbox.rename(tmp_path / "away")
        other.rename(inbox)
        wait_quarantined(daemon, tmp_path, "b1.png")
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b2.png")


@pytest.mark.root
def test_an_unmounted_share_is_waited_for_and_nothing_is_taken_for_deleted(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    disk = tmp_path / "disk.ext4"
    subprocess.run(["truncate", "-s", "16M", disk], check=True)
    subprocess.run(["mkfs.ext4", "-q", disk], check=True)
    share = mount("share", "-o", "loop", str(disk))
    inbox = share / "inbox"
    inbox.mkdir()
    with Daemon(write_config(inbox)) as daemon:
        dark(inbox / "d1.png")
        daemon.wait_judged(1)
        subprocess.run(["umount", "-l", str(share)], check=True)
        daemon.wait_log("is gone")
        mount("share", "-o", "loop", str(disk))
        daemon.wait_log("is there again")
        bright(inbox / "b1.png")
        wait_quarantined(daemon, tmp_path, "b1.png")
        status = daemon.status()
        assert (status["judged"], status["quarantined"]) == (2, 1), (
            "what was judged before is not judged again"
        )


@pytest.mark.root
def test_where_inotify_sees_nothing_auto_polls(tmp_path: Path, write_config: WriteConfig) -> None:
    behind, inbox = tmp_path / "behind", tmp_path / "inbox"
    behind.mkdir()
    config = write_config()
    (inbox / "share").mkdir()
    subprocess.run(["bindfs", str(behind), str(inbox / "share")], check=True)
    try:
        with Daemon(config) as daemon:
            assert daemon.status()["folders"] == {str(inbox): "scanned"}
            bright(behind / "b1.png")
            wait_quarantined(daemon, tmp_path, "b1.png")
    finally:
        subprocess.run(["umount", "-l", str(inbox / "share")], check=True)


@pytest.mark.root
def test_a_fuse_mount_that_comes_later_is_noticed(tmp_path: Path, write_config: WriteConfig) -> None:
    behind, inbox = tmp_path / "behind", tmp_path / "inbox"
    behind.mkdir()
    config = write_config()
    (inbox / "share").mkdir()
    with Daemon(config) as daemon:
        assert daemon.status()["folders"] == {str(inbox): "watched"}
        subprocess.run(["bindfs", str(behind), str(inbox / "share")], check=True)
        try:
            wait_until(lambda: daemon.status()["folders"] == {str(inbox): "scanned"})
            bright(behind / "b1.png")
            wait_quarantined(daemon, tmp_path, "b1.png")
        finally:
            daemon.stop()
            subprocess.run(["umount", "-l", str(inbox / "share")], check=True)


# --- inotify


class _LimitedDaemon(Daemon):
    """A daemon whose user may watch only a few folders: the limit of its own user namespace."""

    limit = "max_inotify_watches"
    most = 3

    def start(self) -> None:
        program = f'echo {self.most} > /proc/sys/user/{self.limit} && exec "$@"'
        command = [
            "unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            program,
            "sh",
            *COMMAND,
            "watch",
            "--config",
            str(self.config),
        ]
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(command, stderr=stream, stdout=stream)


class _NoInstanceDaemon(_LimitedDaemon):
    limit = "max_inotify_instances"
    most = 0


@pytest.mark.root
def test_the_limit_on_watches_is_told_once_and_folders_are_scanned(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    for number in range(10):
        (tmp_path / "inbox" / f"folder{number}").mkdir()
    with _LimitedDaemon(config) as daemon:
        daemon.wait_log("is reached; imgwatch needs 11")
        assert daemon.status()["folders"] == {str(tmp_path / "inbox"): "scanned"}
        assert any("max_inotify_watches" in trouble for trouble in daemon.status()["troubles"])
        for number in range(10):
            bright(tmp_path / "inbox" / f"folder{number}" / f"b{number}.png")
        wait_quarantined(daemon, tmp_path, *(f"b{number}.png" for number in range(10)))
        log = daemon.log.read_text()
        assert log.count("is reached") == 1
        assert "sudo sysctl user.max_inotify_watches=" in log


@pytest.mark.root
def test_folders_made_later_reach_the_limit_too(tmp_path: Path, write_config: WriteConfig) -> None:
    with _LimitedDaemon(write_config()) as daemon:
        assert daemon.status()["folders"] == {str(tmp_path / "inbox"): "watched"}
        for number in range(10):
            (tmp_path / "inbox" / f"folder{number}").mkdir()
        daemon.wait_log("is reached")
        for number in range(10):
            bright(tmp_path / "inbox" / f"folder{number}" / f"b{number}.png")
        wait_quarantined(daemon, tmp_path, *(f"b{number}.png" for number in range(10)))


@pytest.mark.root
def test_without_any_inotify_instance_folders_are_scanned(tmp_path: Path, write_config: WriteConfig) -> None:
    with _NoInstanceDaemon(write_config()) as daemon:
        daemon.wait_log("max_inotify_instances")
        bright(tmp_path / "inbox" / "b1.png")
        wait_quarantined(daemon, tmp_path, "b1.png")
        daemon.told_once("is reached")


def test_doctor_counts_folders_and_names_the_limit(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    for number in range(5):
        (tmp_path / "inbox" / f"folder{number}").mkdir()
    program = 'echo 3 > /proc/sys/user/max_inotify_watches && exec "$@"'
    # the limit counts watches that are held: one process holds them, doctor asks meanwhile
    hold = (
        "import sys,ctypes,os,subprocess; l=ctypes.CDLL(None); f=l.inotify_init1(0);"
        "[l.inotify_add_watch(f, os.fsencode(p), 2) for p in sys.argv[1].split(':')];"
        "sys.exit(subprocess.call(sys.argv[2:]))"
    )
    folders = ":".join(str(tmp_path / "inbox" / f"folder{number}") for number in range(5))
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", program, "sh", sys.executable, "-c", hold, folders,
            *COMMAND, "doctor", "--config", str(config)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "imgwatch needs 6" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, "it works all the same, by scans"


# --- the ledger


def test_a_corrupt_ledger_is_kept_aside_and_the_daemon_starts(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        restored = bright(inbox / "b1.png")
        wait_quarantined(daemon, tmp_path, "b1.png")
        run("quarantine", "restore", "--all", config=config)
    (tmp_path / "state" / "ledger.sqlite").write_bytes(os.urandom(40_000))
    with Daemon(config) as daemon:
        aside = tmp_path / "state" / "ledger.sqlite.damaged-1"
        wait_until(aside.exists)  # put there by the daemon, or by a command that came first
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b2.png")
        assert restored.exists(), "what the user restored is known from the quarantine's log"
        assert daemon.status()["quarantined"] == 2, "counted again from the quarantine's log"


def test_a_ledger_damaged_under_the_running_daemon_is_mended(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    ledger = tmp_path / "state" / "ledger.sqlite"
    with Daemon(config) as daemon:
        for number in range(300):
            dark(inbox / f"d{number}.png")
        daemon.wait_judged(300)
        connection = sqlite3.connect(ledger)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        size = ledger.stat().st_size
        with ledger.open("r+b") as stream:
            for page in range(4096, size, 4096):
                stream.seek(page)
                stream.write(b"\xff" * 512)
        bright(inbox / "b1.png")
        daemon.wait_log("kept aside")
        wait_until(lambda: daemon.log.read_text().count("watched from now on") == 2)
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b2.png")
        assert daemon.process.poll() is None
        assert len(digests(inbox, tmp_path / "quarantine" / "pictures")) == 302


def test_a_locked_ledger_is_waited_for(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        other = sqlite3.connect(tmp_path / "state" / "ledger.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        bright(inbox / "b1.png")
        daemon.wait_log("locked by another process")
        assert (inbox / "b1.png").exists()
        assert quarantined(tmp_path) == []
        status = tmp_path / "state" / "status.json"
        wait_until(lambda: "locked" in str(json.loads(status.read_text())["troubles"]), 20)
        other.execute("ROLLBACK")
        other.close()
        wait_quarantined(daemon, tmp_path, "b1.png")
        wait_until(lambda: daemon.status()["troubles"] == [])


@pytest.mark.root
def test_a_full_disk_under_the_ledger_is_told_once_and_outlived(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    state = mount("state", "-t", "tmpfs", "-o", "size=1M", "tmpfs")
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        dark(inbox / "d1.png")
        daemon.wait_judged(1)
        ballast = fill(state)
        for number in range(40):
            bright(inbox / f"b{number}.png")
        daemon.wait_log("all pictures stay where they are")
        doctor = run("doctor", config=config, code=None)
        assert doctor.returncode == 69
        assert "is full" in doctor.stdout
        time.sleep(5)  # two more tries
        log = daemon.log.read_text()
        assert log.count("all pictures stay where they are") == 1
        ballast.unlink()
        wait_quarantined(daemon, tmp_path, *(f"b{number}.png" for number in range(40)))
        daemon.wait_log("it works again")


# --- the quarantine's disk


@pytest.mark.root
def test_a_full_quarantine_is_one_line_and_moves_go_on_when_there_is_room(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    full = mount("quarantine", "-t", "tmpfs", "-o", "size=1M,mode=700", "tmpfs")
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_quarantined(daemon, tmp_path, "b0.png")
        ballast = fill(full)
        before = digests(inbox, full / "pictures")
        for number in range(1, 30):
            bright(inbox / f"b{number}.png")
        daemon.wait_log("nothing can be moved")
        wait_until(lambda: any("make room" in trouble for trouble in daemon.status()["troubles"]), 20)
        doctor = run("doctor", config=config, code=69)
        assert "full" in doctor.stdout
        assert len(digests(inbox, full / "pictures")) == len(before) + 29
        ballast.unlink()
        wait_quarantined(daemon, tmp_path, *(f"b{number}.png" for number in range(30)))
        daemon.told_once("nothing can be moved")
        wait_until(lambda: daemon.status()["troubles"] == [])


@pytest.mark.root
def test_a_quarantine_remounted_read_only_keeps_pictures_where_they_are(
    tmp_path: Path, write_config: WriteConfig, mount: Mount
) -> None:
    disk = mount("quarantine", "-t", "tmpfs", "-o", "size=4M,mode=700", "tmpfs")
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_quarantined(daemon, tmp_path, "b0.png")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        bright(inbox / "b1.png")
        daemon.wait_log("read-only")
        assert (inbox / "b1.png").exists()
        assert "read-only" in run("doctor", config=config, code=69).stdout
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        wait_quarantined(daemon, tmp_path, "b0.png", "b1.png")


# --- the model


def test_a_faulty_new_model_is_refused_and_the_running_one_stays(
    tmp_path: Path, write_config: WriteConfig, model_file: Path
) -> None:
    model = tmp_path / "own.onnx"
    good = model_file.read_bytes()
    model.write_bytes(good)
    inbox, hanging = tmp_path / "inbox", write_always_hangs(tmp_path / "hanging.onnx").read_bytes()
    with Daemon(write_config(model=str(model), limits="{decode_seconds: 2}")) as daemon:
        for number, broken in enumerate(
            (good[: len(good) // 2], b"", good.replace(b'"schema_version"', b'"schema_versiom"'), hanging)
        ):
            model.write_bytes(broken)
            wait_until(lambda: daemon.status()["troubles"], says="the refusal in status")
            bright(inbox / f"b{number}.png")
            wait_quarantined(daemon, tmp_path, f"b{number}.png")
            model.write_bytes(good)
            wait_until(lambda: not daemon.status()["troubles"], says="the good one again")
        write_brightness_model(tmp_path / "other.onnx", scale=2.0, threshold=0.2).replace(model)
        wait_until(lambda: daemon.status()["threshold"] == 0.2, says="the new model")


def test_a_picture_on_which_the_model_hangs_is_remembered_and_not_tried_at_the_next_start(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    model, inbox = write_white_hangs(tmp_path / "hanging.onnx"), tmp_path / "inbox"
    config = write_config(model=str(model), limits="{decode_seconds: 1}")
    with Daemon(config) as daemon:
        bright(inbox / "b1.png")
        Image.new("RGB", (24, 24), "white").save(inbox / "white.png")
        daemon.wait_judged(2)
        assert daemon.status()["unreadable"] == 1
        listed = run("status", "--list", "unreadable", "--json", config=config).stdout
        assert "the model takes more than 1 s" in listed
        assert "white.png" in listed
    with Daemon(config) as daemon:
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b1.png", "b2.png")
        assert daemon.status()["judged"] == 3
        assert (inbox / "white.png").exists()


def test_a_model_swapped_in_the_middle_of_a_burst_judges_each_picture_once(
    tmp_path: Path, write_config: WriteConfig, model_file: Path
) -> None:
    model, inbox = tmp_path / "own.onnx", tmp_path / "inbox"
    model.write_bytes(model_file.read_bytes())
    with Daemon(write_config(model=str(model))) as daemon:
        for number in range(300):
            (bright if number % 3 == 0 else dark)(inbox / f"{number}.png")
            if number % 100 == 50:
                write_brightness_model(tmp_path / "next.onnx", threshold=0.5 + number / 10_000).replace(model)
        daemon.wait_judged(300)
        assert daemon.status()["judged"] == 300
        assert len(quarantined(tmp_path)) == 100


# --- processes and clock


def test_a_second_daemon_on_one_state_is_refused_with_the_pid(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    with Daemon(config) as daemon:
        refused = run("watch", config=config, code=69)
        assert f"pid {daemon.process.pid}" in refused.stderr
        assert daemon.status()["alive"]


def test_sigterm_stops_while_a_picture_hangs_the_decoder(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config(limits="{decode_seconds: 600}")
    inbox = tmp_path / "inbox"
    with Daemon(config) as daemon:
        dark(inbox / "d0.png")
        daemon.wait_judged(1)
        workers = decoders_of(daemon.process.pid)
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)  # whatever it decodes next hangs
        bright(inbox / "b1.png")
        time.sleep(2)  # until it is being decoded: nothing shows that
        assert daemon.stop() == 0, "within a minute, though decoding may take ten"
        assert (inbox / "b1.png").exists()


def test_a_picture_that_kills_its_decoder_is_unreadable_after_two_tries_and_not_tried_at_the_next_start(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    """A real SIGKILL in the middle of decoding."""
    config = write_config(limits="{decode_seconds: 600, decode_megabytes: 256}")
    inbox = tmp_path / "inbox"
    with Daemon(config) as daemon:
        with decoders_killed(daemon.process.pid, above_bytes=120e6) as killed:
            (inbox / "slow.png").write_bytes(
                picture_bytes(230, size=6000)
            )  # 108 MB of pixels, and 40 MB besides
            daemon.wait_judged(1)
        assert len(killed) == 2
        assert "slow.png" not in quarantined(tmp_path)
        bright(inbox / "b1.png")
        wait_quarantined(daemon, tmp_path, "b1.png")
        assert daemon.status()["unreadable"] == 1
    with Daemon(config) as daemon:
        bright(inbox / "b2.png")
        wait_quarantined(daemon, tmp_path, "b2.png")
        assert daemon.status()["judged"] == 3
        assert daemon.status()["unreadable"] == 1


_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t which, struct timespec *told) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(which, told);
    FILE *file = which == CLOCK_REALTIME ? fopen(getenv("CLOCK_FILE"), "r") : NULL;
    long seconds = 0;
    if (file) { if (fscanf(file, "%ld", &seconds) == 1) told->tv_sec += seconds; fclose(file); }
    return result;
}
"""


class _TimeTraveller(Daemon):
    """A daemon whose wall clock, and that alone, is set by a file; libfaketime upsets Python's sleep as well."""

    def start(self) -> None:
        library = self.config.with_name("clock.so")
        source = library.with_suffix(".c")
        source.write_text(_SHIM)
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        command = os.environ | {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.config.with_name("clock"))}
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [*COMMAND, "watch", "--config", str(self.config)], stderr=stream, stdout=stream, env=command
            )


def test_a_clock_set_back_and_forth_changes_nothing_but_dates(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, clock = tmp_path / "inbox", tmp_path / "clock"
    clock.write_text("0")
    config = write_config(quarantine=f"{{path: {tmp_path / 'quarantine'}, keep_days: 1}}")
    with _TimeTraveller(config) as daemon:
        for number, offset in enumerate((0, -94_000_000, 7200, -86_400, 3600)):
            clock.write_text(str(offset))
            bright(inbox / f"b{number}.png")
            dark(inbox / f"d{number}.png")
            daemon.wait_judged(2 * number + 2, 30)
        assert quarantined(tmp_path) == [f"b{number}.png" for number in range(5)]
        lines = run("quarantine", "list", "--json", config=config).stdout.splitlines()
        assert len(lines) == 5, "no wrong clock purges by age"
        dates = {json.loads(line)["quarantined_at"][:4] for line in lines}
        assert len(dates) > 1, "the clock was set for real"
        assert daemon.status()["alive"]
