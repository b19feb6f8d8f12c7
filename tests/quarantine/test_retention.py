"""Deleting and purging are final."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imgwatch.errors import (
    RecordMissing,
)
from imgwatch.lifecycle import Event, ReviewState

from .scene import NOON, Scene, tree


def test_delete_and_purge_are_final_and_stay_in_the_log(scene: Scene) -> None:
    first, second = scene.take(scene.add("a.jpg")), scene.take(scene.add("b.jpg"))
    scene.quarantine.delete(first.id[:6])
    assert [record.id for record in scene.quarantine.list()] == [second.id]
    with pytest.raises(RecordMissing):
        scene.quarantine.restore(first)
    assert scene.quarantine.purge(max_bytes=0) == [second]
    assert tree(scene.path / "pictures") == {}
    assert scene.last_events() == {first.id: Event.DELETED, second.id: Event.PURGED}


def test_purge_takes_the_oldest_first_and_only_what_exceeds_the_limits(scene: Scene) -> None:
    records = []
    for day in range(4):
        scene.now = NOON + timedelta(days=day)
        records.append(scene.take(scene.add(f"{day}.jpg", b"x" * 100 + bytes([day]))))
    assert scene.quarantine.purge(keep_days=30, max_bytes=10_000, now=scene.now) == []
    assert scene.quarantine.purge(keep_days=2.5, now=scene.now) == records[:1]
    assert scene.quarantine.purge(max_bytes=250, now=scene.now) == records[1:2]
    assert list(scene.quarantine.list()) == records[2:]


def test_a_wrong_clock_purges_nothing_by_age(scene: Scene) -> None:
    old = scene.take(scene.add("old.jpg"))
    scene.now = NOON + timedelta(days=1000)
    scene.take(scene.add("future.jpg"))
    assert scene.quarantine.purge(keep_days=5, now=NOON + timedelta(days=999)) == []
    assert scene.quarantine.purge(keep_days=5, now=NOON + timedelta(days=1001)) == [old]


def test_what_is_kept_for_later_is_never_purged(scene: Scene) -> None:
    later, other = scene.take(scene.add("later.jpg")), scene.take(scene.add("other.jpg"))
    scene.quarantine.mark(later, ReviewState.LATER)
    scene.now = NOON + timedelta(days=100)
    assert scene.quarantine.purge(keep_days=0, max_bytes=0, now=scene.now) == [other]
    assert scene.quarantine.purge(keep_days=0, max_bytes=0, now=scene.now) == []
    assert list(scene.quarantine.list()) == [later]
