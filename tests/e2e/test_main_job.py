"""The main job on real pictures: whatever way they arrive, each is judged once, none is lost, all can come back."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path

import pytest

from conftest import WriteConfig
from daemon import Daemon, digests, objects, run, tree, write_slowly

pytestmark = [pytest.mark.e2e, pytest.mark.shared]


def arrive(pictures: list[Path], inbox: Path, aside: Path) -> None:
    """Copy, move, hard-link and slowly write the pictures into the inbox, a quarter each."""
    slow: list[threading.Thread] = []
    for number, source in enumerate(pictures):
        target = inbox / f"{number:03d}-{source.name}"
        if number % 4 == 0:
            shutil.copy(source, target)
        elif number % 4 == 1:
            shutil.copy(source, aside / target.name).rename(target)
        elif number % 4 == 2:
            os.link(shutil.copy(source, aside / target.name), target)
        else:
            writing = threading.Thread(target=write_slowly, args=(target, source.read_bytes(), 5, 0.05))
            writing.start()
            slow.append(writing)
    for writing in slow:
        writing.join()


def test_every_way_in_each_judged_once_none_lost_all_back(
    tmp_path: Path, write_config: WriteConfig, shared: Path
) -> None:
    inbox, aside, quarantine = tmp_path / "inbox", tmp_path / "aside", tmp_path / "quarantine" / "pictures"
    aside.mkdir()
    pictures = [
        *sorted((shared / "wardrobe/normal_test").iterdir()),
        *sorted((shared / "junk/receipts").iterdir()),
    ]
    with Daemon(write_config(model="default", mode="quarantine")) as daemon:
        arrive(pictures, inbox, aside)
        daemon.wait_judged(len(pictures), 240)
        status = daemon.status()
        assert (status["judged"], status["unreadable"]) == (len(pictures), 0)
        assert digests(inbox, quarantine) == sorted(map(digest_of, pictures))
        moved = objects(run("quarantine", "list", "--json", config=daemon.config).stdout)
        assert len(moved) == status["quarantined"] > 0
        run("quarantine", "restore", "--all", config=daemon.config)
        assert tree(inbox) == {f"{n:03d}-{path.name}": digest_of(path) for n, path in enumerate(pictures)}
        assert digests(quarantine) == []
        assert daemon.status()["judged"] == len(pictures)


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def resident_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_broken_and_hostile_files_get_one_verdict_each_and_memory_stays_flat(
    tmp_path: Path, write_config: WriteConfig, shared: Path
) -> None:
    inbox = tmp_path / "inbox"
    files = sorted(path for path in (shared / "robust").rglob("*") if path.is_file())
    config = write_config(model="default", mode="report")
    with Daemon(config) as daemon:
        sizes = []
        for again in range(3):
            for number, source in enumerate(files):
                shutil.copy(source, inbox / f"{again}-{number:03d}-{source.name}")
            judged = len(objects(run("score", "--json", inbox, config=config).stdout))
            daemon.wait_judged(judged, 240)
            sizes.append(resident_kilobytes(daemon.process.pid))
        assert daemon.status()["judged"] == judged
        assert daemon.process.poll() is None
    assert len(tree(inbox)) == 3 * len(files)
    assert sizes[2] < sizes[0] * 1.2 + 10_000
