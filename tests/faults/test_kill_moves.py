"""Real processes, really killed, in the middle of moving pictures: nothing lost, nothing twice, no orphan."""

import hashlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from imgwatch.errors import ImgwatchError
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import Event
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.signing_key import NAME, SigningKey

pytestmark = pytest.mark.faults
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KILLS = 120  # for each of the two layouts
OTHER_FILE_SYSTEM = Path(os.environ.get("IMGWATCH_OTHER_FILE_SYSTEM", "/dev/shm"))


class Dying(FileOps):
    """Ends the process at once, as kill -9 does, before its n-th step; the step before it may have been torn."""

    def __init__(self, step: int, *, torn: bool = False) -> None:
        self.steps_left, self.torn = step, torn

    def __getattribute__(self, name: str) -> Any:
        attribute = super().__getattribute__(name)
        if name in vars(FileOps) and callable(attribute):
            self.count(name)
        return attribute

    def count(self, name: str) -> None:
        self.steps_left -= 1
        if self.steps_left < 0 and not (self.torn and name == "write"):
            os._exit(9)

    def write(self, descriptor: int, content: bytes, offset: int) -> None:
        if self.steps_left < 0:
            os.pwrite(descriptor, content[: len(content) // 2], offset)
            os._exit(9)
        super().write(descriptor, content, offset)


class Scene:
    """A folder of pictures, a quarantine on the same or another file system, and what the digests were."""

    def __init__(self, folder: Path, other: Path) -> None:
        self.inbox, self.path, self.to = folder / "inbox", other / "quarantine", folder / "to"
        self.inbox.mkdir()
        self.before: Counter[str] = Counter()

    def opened(self, file_ops: FileOps | None = None, days: int = 0) -> Quarantine:
        key = SigningKey(self.inbox.parent / "state" / NAME)
        return Quarantine(self.path, [self.inbox], file_ops, lambda: NOON + timedelta(days=days), key=key)

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


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take(quarantine: Quarantine, path: Path, to: Path | None = None) -> Record:
    return quarantine.quarantine(
        path,
        Identity.of(path.stat()),
        Judgement(Verdict.QUARANTINE, in_words("strange"), "m", 4.5, 3.2, digest(path)),
        [other.name for other in path.parent.glob(f"{path.stem}.*") if other != path],
        to,
    )


@pytest.fixture(params=["one file system", "across file systems"])
def folders(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Scene]]:
    """Give fresh scenes."""
    base = tmp_path
    if request.param != "one file system":
        if not OTHER_FILE_SYSTEM.is_dir() or OTHER_FILE_SYSTEM.stat().st_dev == tmp_path.stat().st_dev:
            pytest.fail(
                f"{OTHER_FILE_SYSTEM} is no other file system: name one in IMGWATCH_OTHER_FILE_SYSTEM"
            )
        base = Path(tempfile.mkdtemp(prefix="imgwatch-", dir=OTHER_FILE_SYSTEM))
    made = 0

    def fresh() -> Scene:
        nonlocal made
        made += 1
        folder, other = tmp_path / f"scene{made}", base / f"other{made}"
        folder.mkdir()
        other.mkdir()
        return Scene(folder, other)

    yield fresh
    if base != tmp_path:
        shutil.rmtree(base)


def in_a_process(act: Callable[[], None]) -> int:
    """Run it in a child of its own and give the exit status once it ended."""
    child = spawn(act)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def spawn(act: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        act()
    except BaseException:  # noqa: BLE001 - nothing of the child may reach pytest
        os._exit(1)
    os._exit(0)


def do_quarantine(scene: Scene, quarantine: Quarantine) -> None:
    take(quarantine, scene.inbox / "subject.jpg")


def do_restore(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.restore(next(quarantine.list()))


def do_restore_to(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.restore(next(quarantine.list()), to=scene.to)


def do_delete(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.delete(next(quarantine.list()))


def do_purge(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.purge(keep_days=1)


def do_join(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.join(next(quarantine.list()), scene.inbox / "late.aae")


def do_move_on(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.move_on(next(quarantine.list()))


def do_take_back(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.take_back(*quarantine.moved())


def do_recall(scene: Scene, quarantine: Quarantine) -> None:
    quarantine.recall(*quarantine.moved(), scene.inbox / "late.aae")


ACTS = (
    do_move_on,
    do_take_back,
    do_recall,
    do_join,
    do_quarantine,
    do_restore,
    do_restore_to,
    do_delete,
    do_purge,
)


@pytest.mark.parametrize("torn", [False, True], ids=["between steps", "in the middle of a write"])
@pytest.mark.parametrize("companions", [(), ("subject.mov", "subject.xmp")], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
def test_a_process_killed_at_each_step_leaves_everything_whole(
    folders: Callable[[], Scene], act: Callable[[Scene, Quarantine], None], torn: bool, companions: tuple[str]
) -> None:
    for step in range(100):
        scene = folders()
        path = scene.add("subject.jpg")
        for name in companions:
            scene.add(name)
        if act is not do_quarantine:
            record = take(
                scene.opened(), path, scene.to if act in (do_move_on, do_take_back, do_recall) else None
            )
        if act in (do_take_back, do_recall):
            scene.opened().move_on(record)
        if act in (do_join, do_recall):
            scene.add("late.aae")
        file_ops = Dying(step, torn=torn)
        status = in_a_process(lambda: act(scene, scene.opened(file_ops, days=9)))  # noqa: B023 - run at once
        scene.whole()
        assert status in (0, 9)
        if status == 0:
            assert step > 5
            return
    pytest.fail("the operation never came to its end")


def work(scene: Scene, seed: int) -> None:
    """Move, restore and delete without end; what another worker did meanwhile is no fault."""
    quarantine, chance = scene.opened(), random.Random(seed)
    while True:
        outside, inside = sorted(scene.inbox.glob("*.jpg")), list(quarantine.list())
        try:
            choice = chance.random()
            if outside and (choice < 0.6 or not inside):
                take(quarantine, chance.choice(outside))
            elif choice < 0.65:
                record = chance.choice(inside)
                quarantine.join(record, scene.inbox / f"late{Path(record.original).stem}.aae")
            elif choice < 0.8:
                quarantine.restore(chance.choice(inside), to=chance.choice([None, scene.to]))
            elif choice < 0.9:
                quarantine.delete(chance.choice(inside))
            else:
                quarantine.purge(max_bytes=30_000)
        except (ImgwatchError, FileNotFoundError, IndexError):
            continue


def test_processes_killed_at_random_instants_leave_everything_whole(folders: Callable[[], Scene]) -> None:
    chance = random.Random(20260501)
    scene, kills = folders(), 0
    while kills < KILLS:
        if kills % 20 == 0:
            scene = folders()
        for number in range(12):
            scene.add(f"{kills}-{number}.jpg", size=chance.choice([0, 10, 3000, 300_000]))
            scene.add(f"late{kills}-{number}.aae", size=100)
            for extension in ("mov", "aae")[: number % 3]:
                scene.add(f"{kills}-{number}.{extension}", size=chance.choice([10, 100_000]))
        children = [spawn(lambda: work(scene, kills)), spawn(lambda: work(scene, -kills))]  # noqa: B023
        time.sleep(chance.uniform(0.0, 0.12))
        for child in children:
            os.kill(child, signal.SIGKILL)
            assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the worker fell before it was killed"
            kills += 1
        if (
            chance.random() < 0.5 or kills % 20 == 0
        ):  # else the next workers recover, and may be killed at that
            scene.whole()
