"""Folders as strangers make them: odd names, depth, numbers, rights, files that change; each costs only itself."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark, picture_bytes
from daemon import COMMAND, Daemon, objects, run, wait_until
from memory import folder_in_memory

pytestmark = pytest.mark.faults

NAMES = (
    b"new\nline.png", b"carriage\rreturn.png", b"\x1b[31mred.png", b"invalid \xff\xfe utf.png", b"-rf.png",
    b"--help.png",
    b"right\xe2\x80\xaeto left.png", b" .png", b"'quote\".png", b"back\\slash.png", b"%s%n{}.png", b"\x01\x02.png",
    b"x" * 251 + b".png", "schön 写真 🙂.png".encode(),
)  # fmt: skip


def pictures(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "quarantine" / "pictures"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_names_of_every_kind_go_there_and_back_and_the_log_stays_sane(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        for name in NAMES:
            bright(inbox / os.fsdecode(name))
        wait_until(lambda: len(pictures(tmp_path)) == len(NAMES), 90, "all in quarantine")
        log = daemon.log.read_bytes()
        assert all(line[:2] == b"20" for line in log.splitlines()), (
            "one line an entry, whatever a file is called"
        )
        assert b"\x1b" not in log
        assert b"\xe2\x80\xae" not in log
        listed = objects(run("quarantine", "list", "--json", config=config).stdout)
        assert {os.fsencode(Path(record["original"]).name) for record in listed} == set(NAMES)
        assert "\x1b" not in run("quarantine", "list", config=config).stdout
        run("quarantine", "restore", "--all", config=config)
    assert {os.fsencode(path.name) for path in inbox.iterdir()} == set(NAMES)


def test_64_levels_deep(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config):
        deep = inbox.joinpath(*["d"] * 64)
        bright(deep / "b1.png")
        wait_until(lambda: [path.name for path in pictures(tmp_path)] == ["b1.png"], 60)
        run("quarantine", "restore", "--all", config=config)
        assert (deep / "b1.png").exists()


def test_a_folder_of_100000_entries(tmp_path: Path, write_config: WriteConfig) -> None:
    with folder_in_memory() as memory:
        watch_100000_entries(tmp_path, write_config(memory / "inbox"), memory / "inbox")


def watch_100000_entries(tmp_path: Path, config: Path, inbox: Path) -> None:
    for number in range(100_000):
        os.mknod(f"{inbox}/{number}.txt")
    with Daemon(config) as daemon:
        daemon.wait_log("100000 files that lie there already are left alone")
        bright(inbox / "b1.png")
        wait_until(lambda: pictures(tmp_path))
        assert daemon.stop() == 0
    with Daemon(config) as daemon:  # looks through all of them again
        bright(inbox / "b2.png")
        wait_until(lambda: len(pictures(tmp_path)) == 2)


class _WithoutOverride(Daemon):
    """A daemon whose root has no right to read what is closed: as an ordinary user, with the same python."""

    def start(self) -> None:
        caps = "-dac_override,-dac_read_search"
        command = [
            "setpriv",
            f"--bounding-set={caps}",
            f"--inh-caps={caps}",
            *COMMAND,
            "watch",
            "--config",
            str(self.config),
        ]
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(command, stderr=stream, stdout=stream)


def given_away(path: Path, mode: int) -> Path:
    """Give a path to another user, closed to all others."""
    path.chmod(mode)
    os.chown(path, 65534, 65534)
    return path


@pytest.mark.root
def test_folders_and_files_without_permission_are_passed_over(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    bright(inbox / "closed" / "b0.png")
    closed = given_away(inbox / "closed", 0o700)
    with _WithoutOverride(config) as daemon:
        (tmp_path / "b1.png").write_bytes(picture_bytes(230))
        secret = given_away(tmp_path / "b1.png", 0o600).rename(inbox / "b1.png")
        bright(inbox / "b2.png")
        daemon.wait_judged(2)
        assert [path.name for path in pictures(tmp_path)] == ["b2.png"]
        assert secret.exists()
        assert daemon.status()["unreadable"] == 1
        daemon.wait_log(f"{closed}: cannot be read, skipped")


def test_nothing_but_regular_files_is_opened(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    config = write_config()
    outside = bright(tmp_path / "outside.png")
    with Daemon(config) as daemon:
        os.mkfifo(inbox / "fifo.png")
        (inbox / "link.png").symlink_to(outside)
        (inbox / "dangling.png").symlink_to("nowhere")
        (inbox / "folder.png").mkdir()
        bright(inbox / "b1.png")
        wait_until(lambda: [path.name for path in pictures(tmp_path)] == ["b1.png"], 60)
        assert outside.exists()
        assert daemon.status()["judged"] == 1


def test_a_sparse_giant_costs_nothing_but_a_verdict(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        with (inbox / "giant.png").open("wb") as stream:
            stream.write(picture_bytes(230))
            stream.truncate(2**40)
        bright(inbox / "b1.png")
        daemon.wait_judged(2)
        assert [path.name for path in pictures(tmp_path)] == ["b1.png"]
        assert daemon.status()["unreadable"] == 1


def test_a_file_that_never_stops_growing_is_left_until_it_does(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config(settle_seconds="1.0")) as daemon:
        done = threading.Event()

        def grow() -> None:
            with (inbox / "growing.png").open("wb", buffering=0) as stream:
                stream.write(picture_bytes(230))
                while not done.wait(0.1):
                    stream.write(bytes(100))

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            dark(inbox / "d1.png")
            wait_until(lambda: daemon.status().get("judged") == 1, 60)
            assert pictures(tmp_path) == []
        finally:
            done.set()
            writer.join()
        wait_until(lambda: [path.name for path in pictures(tmp_path)] == ["growing.png"], 60)
