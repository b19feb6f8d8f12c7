"""The power is cut at every step, with any part of what was not flushed lost: what was acknowledged stays."""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from imgwatch.errors import ImgwatchError
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import Event, ReviewState
from imgwatch.quarantine import Quarantine, journal
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.moved import Moved
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.signing_key import NAME, SigningKey

from .cut_disk import CutDisk

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CUTS = 160  # for each of the two layouts


class Unflushed(FileOps):
    """Waits for no disk: after the cut, everything that is left is on it."""

    def sync(self, descriptor: int) -> None:
        pass


class Scene:
    """A folder with a quarantine on a disk that records, and what its user has seen, by the number of steps."""

    def __init__(self, folder: Path, *, across: bool) -> None:
        self.inbox, self.path, self.to = folder / "inbox", folder / "quarantine", folder / "to"
        self.sorted, self.key = folder / "sorted", SigningKey(folder / NAME)
        outside = [self.inbox, self.to, self.sorted]
        for folder_outside in outside:
            folder_outside.mkdir(parents=True)
        folders = [*outside, self.path, self.path / "pictures", self.path / "records"]
        self.disk = CutDisk(folders, self.path / "pictures", self.key.load_or_make(), across=across)
        self.seen: list[tuple[int, dict[str, ReviewState]]] = []
        self.begun: list[tuple[int, str]] = []  # with which picture something was begun at which step

    def opened(self, file_ops: FileOps) -> Quarantine:
        return Quarantine(self.path, [self.inbox], file_ops, lambda: NOON + timedelta(days=1), key=self.key)

    def add(self, name: str) -> Path:
        path = self.inbox / name
        path.write_bytes(name.encode() * 700)
        return path

    def states(self, quarantine: Quarantine) -> dict[str, ReviewState]:
        records = [*quarantine.list(), *quarantine.binned(), *(moved.record for moved in quarantine.moved())]
        return {record.id: quarantine.review_state(record) for record in records}

    def late_companion_of(self, record: Record) -> Path:
        """Return where a companion lies, or lay, that comes after its picture."""
        return self.inbox / f"late{Path(record.original).stem}.xmp"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take(quarantine: Quarantine, path: Path, destination: Path | None = None) -> Record:
    judgement = Judgement(Verdict.QUARANTINE, in_words("strange"), "m", 4.5, 3.2, digest(path))
    companions = sorted(other.name for other in path.parent.glob(f"{path.stem}.*") if other != path)
    return quarantine.quarantine(path, Identity.of(path.stat()), judgement, companions, destination)


def act(scene: Scene, quarantine: Quarantine, chance: Random) -> None:
    """Do one thing at random; it may fail in the middle."""
    outside = sorted(scene.inbox.glob("*.jpg"))
    inside = sorted((*quarantine.list(), *quarantine.binned()), key=lambda record: record.id)
    moved = list(quarantine.moved())
    record = chance.choice([*inside, *(item.record for item in moved)]) if inside or moved else None
    scene.disk.fails_in = chance.choice([-1, -1, chance.randint(1, 20)])
    with suppress(ImgwatchError):
        if outside and (record is None or chance.random() < 0.4):
            take(quarantine, chance.choice(outside), chance.choice([None, scene.sorted]))
            record = None
        elif record is not None:
            scene.begun.append((len(scene.disk.steps), record.id))
            item = next((item for item in moved if item.record.id == record.id), None)
            if item is None:
                act_on_quarantined(scene, quarantine, record, chance)
            else:
                act_on_moved(scene, quarantine, item, chance)
    scene.disk.fails_in = -1
    is_left = any(problem.path.name == journal.NAME for problem in quarantine.check())
    if is_left and record is not None:  # neither done nor undone: nobody was told which
        scene.begun.append((len(scene.disk.steps), record.id))
    scene.seen.append((len(scene.disk.steps), scene.states(quarantine)))


def act_on_quarantined(scene: Scene, quarantine: Quarantine, record: Record, chance: Random) -> None:
    choice, late = chance.random(), scene.late_companion_of(record)
    if late.exists() and choice < 0.2:
        quarantine.join(record, late)
    elif record.destination is not None and choice < 0.6:
        quarantine.move_on(record)
    elif choice < 0.75:
        quarantine.mark(record, chance.choice([ReviewState.OPEN, ReviewState.LATER, ReviewState.BINNED]))
    elif choice < 0.9:
        quarantine.restore(record, chance.choice([None, scene.to]))
    else:
        quarantine.delete(record)


def act_on_moved(scene: Scene, quarantine: Quarantine, moved: Moved, chance: Random) -> None:
    late = scene.late_companion_of(moved.record)
    if late.exists() and chance.random() < 0.7:
        quarantine.move_on(quarantine.recall(moved, late))
    else:
        quarantine.take_back(moved)


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across file systems"])
def test_after_a_power_cut_every_picture_is_there_once_and_every_decision_stands(
    tmp_path: Path, across: bool
) -> None:
    chance, cuts = Random(20261126), 0
    while cuts < CUTS:
        scene = Scene(tmp_path / str(cuts), across=across)
        honest = scene.opened(scene.disk)
        for number in range(6):
            path = scene.add(f"{number}.jpg")
            scene.add(f"late{number}.xmp")
            for extension in ("mov", "jpg.json")[: number % 3]:
                scene.add(f"{number}.{extension}")
            if number % 3 == 1:
                take(honest, path)
            elif number % 3 == 2:
                honest.move_on(take(honest, path, scene.sorted))
        scene.disk.begin()
        before = Counter(map(digest, everywhere(scene)))
        for _ in range(8):
            act(scene, honest, chance)
        for _ in range(16):
            end = chance.randint(0, len(scene.disk.steps))
            scene.disk.cut(end, chance)
            quarantine = scene.opened(Unflushed())
            quarantine.recover()
            assert_whole(scene, quarantine, before)
            assert_as_seen(scene, quarantine, end)
            cuts += 1
        scene.disk.close()


def everywhere(scene: Scene) -> list[Path]:
    folders = (scene.inbox, scene.to, scene.sorted, scene.path / "pictures")
    return [path for folder in folders for path in folder.iterdir()]


def assert_whole(scene: Scene, quarantine: Quarantine, before: Counter[str]) -> None:
    entries = list(quarantine.history())
    deleted = [entry.record for entry in entries if entry.event is Event.DELETED]
    gone = {sha256 for record in deleted for sha256 in record.digests.values()}
    present = Counter(map(digest, everywhere(scene)))
    assert {sha256: n for sha256, n in present.items() if sha256 not in gone} == {
        sha256: n for sha256, n in before.items() if sha256 not in gone
    }
    assert not gone & present.keys()
    assert quarantine.check() == []
    assert not [path for path in everywhere(scene) if path.name.startswith(".")]
    places: dict[str, set[Path]] = {}
    for path in everywhere(scene):
        places.setdefault(path.name.partition(".")[0], set()).add(path.parent)
    assert all(len(folders) == 1 for folders in places.values()), "a set is in one place"


def assert_as_seen(scene: Scene, quarantine: Quarantine, end: int) -> None:
    """What the user saw stands, but for pictures with which something else was begun since."""
    seen = [(step, states) for step, states in scene.seen if step <= end]
    if not seen:
        return
    last, states = seen[-1]
    busy = {record_id for step, record_id in scene.begun if step >= last}
    now = scene.states(quarantine)
    assert {i: s for i, s in states.items() if i not in busy} == {
        i: now.get(i) for i in states if i not in busy
    }
