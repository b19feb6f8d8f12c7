"""Real processes, really killed, in the middle of moving pictures: nothing lost, nothing twice, no orphan."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from imgwatch.lifecycle import Event
from memory import folder_on_another_file_system
from snapshot import Snapshot

from .doomed import (
    ACTS,
    Doomed,
    Folders,
    digest,
    do_join,
    do_move_on,
    do_quarantine,
    do_recall,
    do_take_back,
    take,
)

pytestmark = pytest.mark.faults
KILLS = 120  # for each of the two layouts


class Scene(Folders):
    """The folders, and what the digests were."""

    def __init__(self, folder: Path, other: Path) -> None:
        super().__init__(folder, other)
        self.inbox.mkdir()
        self.before: Counter[str] = Counter()

    def add(self, name: str, size: int = 2000) -> Path:
        path = self.inbox / name
        path.write_bytes(random.randbytes(size))
        self.before[digest(path)] += 1
        return path

    def whole(self) -> None:
        """Recover as the next start does, then compare."""
        quarantine = self.opened()
        quarantine.recover()
        entries = list(quarantine.history())
        removed = [e.record for e in entries if e.event in (Event.DELETED, Event.PURGED)]
        gone = (sha256 for record in removed for sha256 in record.digests.values())
        folders = (self.inbox, self.to, self.path / "pictures")
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        assert Counter(map(digest, files)) + Counter(gone) == self.before
        assert quarantine.check() == []
        last = {entry.record.id: entry.event for entry in entries}
        inward = (Event.QUARANTINED, Event.JOINED, Event.TAKEN_BACK, Event.RECALLED)
        assert {r.id for r in quarantine.list()} == {i for i, e in last.items() if e in inward}
        assert len(entries) == len({(entry.record.id, entry.event) for entry in entries})
        assert not [path for path in files if path.name.startswith(".imgwatch")]
        places: dict[str, set[Path]] = {}
        for path in files:
            places.setdefault(path.stem, set()).add(path.parent)
        assert all(len(folders) == 1 for folders in places.values()), "a set is in one place"


@pytest.fixture(scope="module")
def doomed() -> Iterator[Doomed]:
    with Doomed() as started:
        yield started


@pytest.fixture(params=["one file system", "across file systems"])
def fresh(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Scene]]:
    """Yield fresh scenes."""
    made = 0

    def make() -> Scene:
        nonlocal made
        made += 1
        folder, other = tmp_path / f"scene{made}", base / f"other{made}"
        folder.mkdir()
        other.mkdir()
        return Scene(folder, other)

    is_across = request.param != "one file system"
    with folder_on_another_file_system(tmp_path) if is_across else nullcontext(tmp_path) as base:
        yield make


@pytest.mark.parametrize("torn", [False, True], ids=["between steps", "in the middle of a write"])
@pytest.mark.parametrize("companions", [(), ("subject.mov", "subject.xmp")], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
def test_a_process_killed_at_each_step_leaves_everything_whole(
    fresh: Callable[[], Scene], doomed: Doomed, act: Callable, torn: bool, companions: tuple[str]
) -> None:
    scene = fresh()
    path = scene.add("subject.jpg")
    for name in companions:
        scene.add(name)
    if act is not do_quarantine:
        is_moved = act in (do_move_on, do_take_back, do_recall)
        record = take(scene.opened(), path, scene.to if is_moved else None)
    if act in (do_take_back, do_recall):
        scene.opened().move_on(record)
    if act in (do_join, do_recall):
        scene.add("late.aae")
    start = [Snapshot(folder) for folder in (scene.folder, scene.other)]
    for step in range(100):
        for snapshot in start:
            snapshot.rewind()
        status = doomed.act(scene, act.__name__, step, torn=torn)
        scene.whole()
        assert status in (0, -signal.SIGKILL)
        if status == 0:
            assert step > (1 if torn else 4)
            return
    pytest.fail("the operation never came to its end")


def test_processes_killed_at_random_instants_leave_everything_whole(
    fresh: Callable[[], Scene], doomed: Doomed
) -> None:
    chance = random.Random(20260501)
    scene, kills = fresh(), 0
    while kills < KILLS:
        if kills % 20 == 0:
            scene = fresh()
        for number in range(12):
            scene.add(f"{kills}-{number}.jpg", size=chance.choice([0, 10, 3000, 300_000]))
            scene.add(f"late{kills}-{number}.aae", size=100)
            for extension in ("mov", "aae")[: number % 3]:
                scene.add(f"{kills}-{number}.{extension}", size=chance.choice([10, 100_000]))
        workers = [doomed.work(scene, kills), doomed.work(scene, -kills)]
        time.sleep(chance.uniform(0.0, 0.12))
        for worker in workers:
            assert doomed.kill(worker) == -signal.SIGKILL, "the worker fell before it was killed"
            kills += 1
        if (
            chance.random() < 0.5 or kills % 20 == 0
        ):  # else the next workers recover, and may be killed at that
            scene.whole()
