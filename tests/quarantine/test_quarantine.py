"""The quarantine as a whole: moved with its record and back as it was, in private, and never overwriting."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from imgwatch.errors import (
    AlreadyRestored,
    Conflict,
    MoveFailed,
    Unavailable,
)
from imgwatch.files import Identity
from imgwatch.lifecycle import Event
from imgwatch.quarantine import Quarantine

from .scene import Quick, Scene, Stumbling, digest, judged, tree


def test_a_picture_is_moved_with_its_record_and_comes_back_as_it_was(scene: Scene) -> None:
    path = scene.add("deep/down/cat.jpg")
    path.chmod(0o640)
    os.setxattr(path, "user.note", b"\0\xff")
    os.utime(path, ns=(10**18 + 7, 10**18 + 3))
    before = path.stat()
    record = scene.take(path)
    assert tree(scene.inbox) == {}
    assert (scene.path / "pictures" / "cat.jpg").read_bytes() == b"deep/down/cat.jpg"
    written = json.loads((scene.path / "records" / "cat.jpg.json").read_text())
    assert written == record.to_json()
    assert written["original"] == str(path)
    assert list(scene.quarantine.list()) == [record]
    path.parent.rmdir()
    assert scene.quarantine.restore(record.id) == path
    after = path.stat()
    same = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")
    assert [getattr(after, key) for key in same] == [getattr(before, key) for key in same]
    assert os.getxattr(path, "user.note") == b"\0\xff"
    assert list(scene.quarantine.list()) == []
    assert tree(scene.path / "records") == {}
    assert [entry.event for entry in scene.quarantine.history()] == [Event.QUARANTINED, Event.RESTORED]
    assert scene.quarantine.check() == []


def test_everything_in_the_quarantine_is_private(scene: Scene) -> None:
    scene.take(scene.add())
    folders = [scene.path, scene.path / "pictures", scene.path / "records"]
    files = [p for p in scene.path.rglob("*") if p.is_file() and p.parent.name != "pictures"]
    assert {f.stat().st_mode & 0o777 for f in folders} == {0o700}
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


@pytest.mark.e2e
def test_a_lock_kept_by_a_stopped_process_stops_nobody_for_ever(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    record = scene.take(scene.add())
    impatient = Quarantine(scene.path, [scene.inbox], lock_seconds=0)
    with (scene.path / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another process"):
            impatient.restore(record)
        assert not impatient.was_restored(record.sha256)
        assert list(impatient.list()) == [record]
    impatient.restore(record)


def test_restore_never_overwrites(scene: Scene) -> None:
    record = scene.take(scene.add())
    scene.add("cat.jpg", b"newer")
    with pytest.raises(Conflict, match=r"inbox/cat\.jpg"):
        scene.quarantine.restore(record.id)
    (scene.inbox / "cat.jpg").unlink()
    (scene.inbox / "cat.jpg").symlink_to("nowhere")
    with pytest.raises(Conflict):
        scene.quarantine.restore(record.id)
    assert scene.quarantine.restore(record.id, to=scene.elsewhere) == scene.elsewhere / "cat.jpg"
    assert tree(scene.elsewhere) == {"cat.jpg": b"cat.jpg"}


def test_a_restored_picture_is_not_taken_again_by_any_process(scene: Scene) -> None:
    other_process = scene.opened(Quick())
    path = scene.quarantine.restore(scene.take(scene.add()))
    for quarantine in (scene.quarantine, other_process, scene.opened(Quick())):
        with pytest.raises(AlreadyRestored):
            quarantine.quarantine(path, Identity.of(path.stat()), judged(path))
        assert quarantine.was_restored(digest(path))
    assert path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
def test_what_the_disk_refuses_is_a_typed_error_that_says_what_to_do(scene: Scene, number: int) -> None:
    scene.take(scene.add("first.jpg"))
    path = scene.add()
    before = scene.everything()
    with pytest.raises(MoveFailed) as caught:
        scene.opened(Stumbling(2, number, lasting=True)).quarantine(
            path, Identity.of(path.stat()), judged(path)
        )
    assert caught.value.errno == number
    assert "; " in str(caught.value)
    assert path.exists()
    assert scene.everything() == before
