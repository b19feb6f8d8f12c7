"""Operations that are made to fail at a chosen step, and what must hold afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from imgwatch.errors import (
    ImgwatchError,
)
from imgwatch.lifecycle import Event
from imgwatch.quarantine.history import LogEntry
from imgwatch.quarantine.record import Record

from .scene import LATE, NOON, SET, Killed, Quick, Scene, Stumbling, digest

Act = Callable[[Scene], None]


def do_quarantine(scene: Scene) -> None:
    path = scene.inbox / "subject.jpg"
    scene.take(path, [name for name in SET if (scene.inbox / name).exists()])


def do_restore(scene: Scene) -> None:
    scene.quarantine.restore(subject(scene))


def do_restore_to(scene: Scene) -> None:
    scene.quarantine.restore(subject(scene), to=scene.elsewhere)


def do_delete(scene: Scene) -> None:
    scene.quarantine.delete(subject(scene))


def do_purge(scene: Scene) -> None:
    scene.quarantine.purge(keep_days=1, now=scene.now + timedelta(days=3))


def do_join(scene: Scene) -> None:
    scene.quarantine.join(subject(scene), scene.inbox / LATE)


def do_move_on(scene: Scene) -> None:
    scene.quarantine.move_on(subject(scene))


def do_take_back(scene: Scene) -> None:
    [moved] = scene.quarantine.moved()
    scene.quarantine.take_back(moved)


def do_recall(scene: Scene) -> None:
    [moved] = scene.quarantine.moved()
    scene.quarantine.recall(moved, scene.inbox / LATE)


def do_recover(scene: Scene) -> None:
    scene.quarantine.recover()


def subject(scene: Scene) -> Record:
    return next(record for record in scene.quarantine.list() if "subject" in record.file)


ACTS: list[Act] = [
    do_quarantine,
    do_restore,
    do_restore_to,
    do_delete,
    do_purge,
    do_join,
    do_move_on,
    do_take_back,
    do_recall,
]


def set_up(folder: Path, act: Act, *, across: bool, companions: Sequence[str] = ()) -> Scene:
    """A scene in which the act can be done: an old picture stays, the subject is moved, restored or deleted."""
    scene = Scene(folder, across=across)
    scene.now = NOON + timedelta(days=30)
    scene.add("kept.jpg")
    scene.take(scene.add("bystander.jpg"))
    scene.now = NOON
    path = scene.add("subject.jpg", b"subject" * 1000)
    for name in companions:
        scene.add(name, name.encode() * 300)
    if act is not do_quarantine:
        destination = scene.elsewhere if act in (do_move_on, do_take_back, do_recall) else None
        record = scene.take(path, companions, destination)
    if act in (do_take_back, do_recall):
        scene.sign()
        scene.quarantine.move_on(record)
    if act in (do_join, do_recall):
        scene.add(LATE)
    scene.now = NOON + timedelta(days=30)
    return scene


def attempt(scene: Scene, act: Act, file_ops: Quick, *, may_refuse: bool = False) -> None:
    """Act until a step fails. Unless it `may_refuse`, what succeeds at every step is not refused."""
    honest, scene.quarantine = scene.quarantine, scene.opened(file_ops)
    try:
        act(scene)
    except (ImgwatchError, Killed):
        assert may_refuse or (isinstance(file_ops, Stumbling) and file_ops.has_failed)
    finally:
        scene.quarantine = honest


def assert_counted(scene: Scene, before: Counter[str]) -> list[LogEntry]:
    """Nothing lost, nothing twice. Return the history."""
    entries = list(scene.quarantine.history())
    gone = [e.record for e in entries if e.event in (Event.DELETED, Event.PURGED)]
    scene.deleted = Counter(sha256 for record in gone for sha256 in record.digests.values())
    places = scene.places()
    assert Counter(digest(path) for files in places for path in files) + scene.deleted == before
    there = [{"subject.jpg", *SET} & {path.name for path in files} for files in places]
    assert sum(map(bool, there)) <= 1, "the picture and its companions are in one place"
    return entries


def assert_whole(scene: Scene, before: Counter[str]) -> None:
    """Records and pictures one to one as well, and the log says what is."""
    entries = assert_counted(scene, before)
    assert scene.quarantine.check() == []
    here = {record.id for record in scene.quarantine.list()}
    inward = (Event.QUARANTINED, Event.JOINED, Event.TAKEN_BACK, Event.RECALLED)
    last = {entry.record.id: entry.event for entry in entries}
    said = {record_id for record_id, event in last.items() if event in inward}
    assert here == said
    said_so = [(entry.record.id, entry.event) for entry in entries]
    assert len(said_so) == len(set(said_so))
    inbox, elsewhere, _ = scene.places()
    assert not [path for path in (*inbox, *elsewhere) if "/.imgwatch" in str(path)]
