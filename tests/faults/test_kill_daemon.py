"""kill -9 of the daemon at random instants during a busy minute: nothing lost, nothing twice, no orphan."""

from __future__ import annotations

import pickle
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from conftest import (
    WriteConfig,
    brightness_contract,
    brightness_graph,
    picture_bytes,
    write_brightness_model,
)
from daemon import Daemon, digests, objects, run, wait_until
from fork_server import ForkedProcess
from imgwatch.model.scorer import Scorer

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


class Swapping:
    """Puts a new model in place again and again, in a process of its own that is killed along with the daemon."""

    script = (
        "import itertools, pickle, sys, time; from pathlib import Path; import onnx\n"
        "from imgwatch.model.contract import write_model\n"
        "graph, contracts, path = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "for contract in itertools.cycle(contracts):\n"
        "    write_model(onnx.load_from_string(graph), contract, path)\n"
        "    time.sleep(0.05)  # the daemon needs the processor, too\n"
    )

    def __init__(self, model: Path) -> None:
        self.model = write_brightness_model(model)
        self.models = model.with_name("models.pickle")
        contracts = [brightness_contract(threshold=0.5 + number / 1000) for number in range(50)]
        self.models.write_bytes(pickle.dumps((brightness_graph().SerializeToString(), contracts, model)))
        self.processes = [self.started()]

    def started(self) -> ForkedProcess:
        return ForkedProcess([sys.executable, "-c", self.script, str(self.models)])

    def kill(self, *, again: bool) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()
        Scorer(self.model, tried=None)  # whole: the old one or the new
        if again:
            self.processes.append(self.started())


def models_in_use(config: Path) -> set[str]:
    """Return the names of the models by which pictures were moved."""
    return {record["model"] for record in objects(run("quarantine", "list", "--json", config=config).stdout)}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("is_swapped", [False, True], ids=["one model", "models swapped meanwhile"])
def test_nothing_is_lost_or_judged_twice(tmp_path: Path, write_config: WriteConfig, is_swapped: bool) -> None:
    inbox, quarantine, model = tmp_path / "inbox", tmp_path / "quarantine", tmp_path / "model" / "m.onnx"
    swapping = Swapping(model) if is_swapped else None
    config = write_config(settle_seconds="0.05", **({"model": str(model)} if is_swapped else {}))
    stop = threading.Event()
    dropping = threading.Thread(target=keep_dropping, args=(inbox, stop))
    chance = random.Random(0)
    with Daemon(config) as daemon:
        dropping.start()
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.0, 1.2))  # while it starts, scans, judges or moves
                daemon.kill()
                if swapping:
                    swapping.kill(again=True)
                daemon.start()
            if swapping:
                swapping.kill(again=False)
                write_brightness_model(
                    model, threshold=0.47
                )  # none of those, and it stays until it was tried
                wait_until(lambda: len(models_in_use(config)) > 1)
        finally:
            stop.set()
            dropping.join()
            if swapping:
                swapping.kill(again=False)
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


@pytest.mark.timeout(300)
def test_nothing_is_lost_on_its_way_to_the_folder_of_its_kind(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, sorted_out, quarantine = tmp_path / "inbox", tmp_path / "sorted", tmp_path / "quarantine"
    rule = f"{{action: move, to: {sorted_out / '%Y-%m'}}}"
    config = write_config(settle_seconds="0.05", kinds=f"{{stranger: {rule}}}")
    stop = threading.Event()
    dropping = threading.Thread(target=keep_dropping, args=(inbox, stop))
    chance = random.Random(0)
    with Daemon(config) as daemon:
        dropping.start()
        try:
            for _ in range(KILLS // 4):
                time.sleep(chance.uniform(0.0, 2.4))
                daemon.kill()
                daemon.start()
        finally:
            stop.set()
            dropping.join()
        daemon.wait_alive()
        wait_until(lambda: not [path for path in inbox.glob("*.png") if is_bright(path)], 120)
        daemon.wait_judged(0)
        wait_until(lambda: not list((quarantine / "pictures").iterdir()), 60)
        moved = objects(run("quarantine", "list", "--moved", "--json", config=config).stdout)
    lying = [path.name for path in sorted_out.rglob("*.png")]
    kept = [path.name for path in inbox.iterdir()]
    assert sorted(int(name.split(".")[0]) for name in [*lying, *kept]) == list(range(len(lying) + len(kept)))
    assert sorted(Path(row["moved_to"]).name for row in moved) == sorted(lying)
    assert len(set(digests(inbox, sorted_out))) == len(lying) + len(kept)


def is_bright(path: Path) -> bool:
    return int(path.stem) % 3 != 0
