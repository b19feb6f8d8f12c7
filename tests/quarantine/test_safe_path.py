"""No symlink leads a move anywhere, and nothing is restored outside of the folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imgwatch.errors import (
    OutsideRoots,
)
from imgwatch.files import Identity
from imgwatch.quarantine import Quarantine

from .scene import Quick, Scene, judged, tree


def test_a_symlink_below_the_root_is_not_followed(scene: Scene) -> None:
    scene.elsewhere.mkdir()
    outside = scene.elsewhere / "cat.jpg"
    outside.write_bytes(b"not yours")
    (scene.inbox / "link").symlink_to(scene.elsewhere)
    path = scene.inbox / "link" / "cat.jpg"
    with pytest.raises(OutsideRoots):
        scene.take(path)
    with pytest.raises(OutsideRoots):
        scene.take(outside)
    with pytest.raises(OutsideRoots):
        scene.quarantine.quarantine(
            (scene.inbox, Path("../elsewhere/cat.jpg")), Identity.of(path.stat()), judged(path)
        )
    assert outside.exists()


def test_restore_does_not_follow_a_symlink_put_in_the_way(scene: Scene) -> None:
    record = scene.take(scene.add("sub/cat.jpg"))
    (scene.inbox / "sub").rmdir()
    scene.elsewhere.mkdir()
    (scene.inbox / "sub").symlink_to(scene.elsewhere)
    with pytest.raises(OutsideRoots):
        scene.quarantine.restore(record.id)
    assert tree(scene.elsewhere) == {}
    assert list(scene.quarantine.list()) == [record]


def test_a_root_that_is_itself_a_symlink_is_resolved_once(scene: Scene) -> None:
    path = scene.add()
    (scene.inbox.parent / "link").symlink_to(scene.inbox)
    quarantine = Quarantine(scene.path, [scene.inbox.parent / "link"])
    record = quarantine.quarantine(
        scene.inbox.parent / "link" / "cat.jpg", Identity.of(path.stat()), judged(path)
    )
    assert record.original == str(path)
    assert quarantine.restore(record.id) == path


def test_the_quarantine_takes_nothing_from_itself(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.path = scene.inbox / "quarantine"
    scene.quarantine = scene.opened(Quick())
    record = scene.take(scene.add())
    with pytest.raises(OutsideRoots):
        scene.take(scene.quarantine.picture(record))


def test_a_record_that_leads_out_of_the_roots_restores_nothing(scene: Scene) -> None:
    record = scene.take(scene.add())
    file = scene.path / "records" / "cat.jpg.json"
    for original in ("/etc/cat.jpg", str(scene.path / "pictures" / "x.jpg"), str(scene.inbox)):
        file.write_text(json.dumps({**record.to_json(), "original": original}))
        with pytest.raises(OutsideRoots):
            scene.quarantine.restore(record.id)
    file.write_text(json.dumps({**record.to_json(), "original": "/etc/cat.jpg", "mode": 0o4777}))
    back = scene.quarantine.restore(record.id, to=scene.elsewhere)
    assert back == scene.elsewhere / "cat.jpg"
    assert back.stat().st_mode & 0o7000 == 0
