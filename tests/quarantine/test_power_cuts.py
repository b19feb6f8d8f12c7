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
from imgwatch.quarantine.record import Record

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
        for folder_below in (self.inbox, self.to):
            folder_below.mkdir(parents=True)
        folders = [self.inbox, self.to, self.path, self.path / "pictures", self.path / "records"]
        self.disk = CutDisk(folders, self.path / "pictures", across=across)
        self.seen: list[tuple[int, dict[str, ReviewState]]] = []
        self.begun: list[tuple[int, str]] = []  # with which picture something was begun at which step

    def opened(self, file_ops: FileOps) -> Quarantine:
        return Quarantine(self.path, [self.inbox], file_ops, lambda: NOON + timedelta(days=1))

    def add(self, name: str) -> Path:
        path = self.inbox / name
        path.write_bytes(name.encode() * 700)
        return path

    def states(self, quarantine: Quarantine) -> dict[str, ReviewState]:
        return {
            record.id: quarantine.review_state(record)
            for record in (*quarantine.list(), *quarantine.binned())
        }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take(quarantine: Quarantine, path: Path) -> Record:
    judgement = Judgement(Verdict.QUARANTINE, in_words("strange"), "m", 4.5, 3.2, digest(path))
    companions = sorted(other.name for other in path.parent.glob(f"{path.stem}.*") if other != path)
    return quarantine.quarantine(path, Identity.of(path.stat()), judgement, companions)


def act(scene: Scene, quarantine: Quarantine, chance: Random) -> None:
    """Do one thing at random; it may fail in the middle."""
    outside = sorted(scene.inbox.glob("*.jpg"))
    inside = sorted((*quarantine.list(), *quarantine.binned()), key=lambda record: record.id)
    scene.disk.fails_in = chance.choice([-1, -1, chance.randint(1, 20)])
    before = len(scene.disk.steps)
    record = chance.choice(inside) if inside else None
    with suppress(ImgwatchError):
        choice = chance.random()
        late = None if record is None else scene.inbox / f"late{Path(record.original).stem}.xmp"
        if record is not None and late is not None and late.exists() and chance.random() < 0.2:
            scene.begun.append((before, record.id))
            quarantine.join(record, late)
        elif outside and (choice < 0.4 or record is None):
            take(quarantine, chance.choice(outside))
        elif record is not None:
            scene.begun.append((before, record.id))
            if choice < 0.75:
                quarantine.mark(
                    record, chance.choice([ReviewState.OPEN, ReviewState.LATER, ReviewState.BINNED])
                )
            elif choice < 0.9:
                quarantine.restore(record, chance.choice([None, scene.to]))
            else:
                quarantine.delete(record)
    scene.disk.fails_in = -1
    is_left = any(problem.path.name == journal.NAME for problem in quarantine.check())
    if is_left and record is not None:  # neither done nor undone: nobody was told which
        scene.begun.append((len(scene.disk.steps), record.id))
    scene.seen.append((len(scene.disk.steps), scene.states(quarantine)))


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
            if number % 2:
                take(honest, path)
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
    folders = (scene.inbox, scene.to, scene.path / "pictures")
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
