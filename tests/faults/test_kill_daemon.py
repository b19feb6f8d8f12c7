"""kill -9 of the daemon at random instants during a busy minute: nothing lost, nothing twice, no orphan."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from conftest import WriteConfig, picture_bytes
from daemon import Daemon, digests, objects, run, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

KILLS = 50


def keep_dropping(inbox: Path, stop: threading.Event) -> None:
    """Drop a picture every few milliseconds, two of three junk."""
    number = 0
    while not stop.is_set():
        (inbox / f".{number}").write_bytes(picture_bytes(230 if number % 3 else 40))
        (inbox / f".{number}").rename(inbox / f"{number}.png")
        number += 1
        time.sleep(0.03)


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_judged_twice(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, quarantine = tmp_path / "inbox", tmp_path / "quarantine"
    config = write_config(settle_seconds="0.05")
    stop = threading.Event()
    dropping = threading.Thread(target=keep_dropping, args=(inbox, stop))
    chance = random.Random(0)
    with Daemon(config) as daemon:
        dropping.start()
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.0, 2.4))  # while it starts, scans, judges or moves
                daemon.kill()
                daemon.start()
        finally:
            stop.set()
            dropping.join()
        daemon.wait_alive()
        wait_until(lambda: not [path for path in inbox.glob("*.png") if is_bright(path)], 120)
        daemon.wait_judged(0)
        records = objects(run("quarantine", "list", "--json", config=config).stdout)
        status = daemon.status()
    names = Counter(Path(record["original"]).name for record in records)
    kept = [path.name for path in inbox.iterdir()]
    assert max(names.values()) == 1
    assert not set(names) & set(kept)
    assert sorted(int(name.split(".")[0]) for name in [*names, *kept]) == list(range(len(names) + len(kept)))
    assert len(set(digests(inbox, quarantine / "pictures"))) == len(names) + len(kept)
    assert sorted(record["file"] for record in records) == sorted(
        p.name for p in (quarantine / "pictures").iterdir()
    )
    assert status["judged"] == len(names) + len(kept)
    assert status["quarantined"] == len(names)


def is_bright(path: Path) -> bool:
    return int(path.stem) % 3 != 0
