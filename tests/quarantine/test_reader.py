"""Looking changes nothing, follows nothing, and names what is wrong."""

from __future__ import annotations

import json
import os
from collections import Counter

import pytest

from imgwatch.errors import (
    RecordAmbiguous,
    RecordMissing,
)
from imgwatch.lifecycle import Event

from .scene import Scene


def test_ids_are_found_by_what_they_begin_with(scene: Scene) -> None:
    record, _ = scene.take(scene.add("a.jpg")), scene.take(scene.add("b.jpg"))
    assert scene.quarantine.find(record.id) == record
    with pytest.raises(RecordMissing):
        scene.quarantine.find("zz")
    with pytest.raises(RecordMissing):
        scene.quarantine.find("")
    for number in range(20):
        scene.take(scene.add(f"{number}.png"))
    firsts = Counter(record.id[0] for record in scene.quarantine.list())
    with pytest.raises(RecordAmbiguous):
        scene.quarantine.find(firsts.most_common(1)[0][0])


def test_a_missing_quarantine_is_empty_and_looking_does_not_make_it(scene: Scene) -> None:
    assert list(scene.quarantine.list()) == []
    assert list(scene.quarantine.history()) == []
    assert scene.quarantine.check() == []
    assert scene.quarantine.purge(keep_days=1) == []
    assert scene.quarantine.events_since(0) == ([], 0)
    assert not scene.quarantine.recover()
    assert not scene.path.exists()


def test_crafted_records_are_reported_never_followed_and_end_nothing(scene: Scene) -> None:
    good = scene.take(scene.add("good.jpg"))
    records = scene.path / "records"
    crafted = {
        "a.json": b"{",
        "b.json": b"[" * 100_000,
        "c.json": json.dumps({**good.to_json(), "file": "../../inbox/x"}).encode(),
        "d.json": json.dumps({**good.to_json(), "file": "d", "original": "/tmp/../etc/x"}).encode(),
        "e.json": json.dumps({**good.to_json(), "file": "good.jpg"}).encode(),
        "f.json": b" " * (1 << 21),
        "\udcff": b"null",
    }
    for name, content in crafted.items():
        (records / name).write_bytes(content)
    (records / "link.json").symlink_to("/etc/passwd")
    os.mkfifo(records / "fifo.json")
    assert list(scene.quarantine.list()) == [good]
    named = {problem.path.name for problem in scene.quarantine.check()}
    assert named == {*crafted, "link.json", "fifo.json"}


def test_check_names_what_lies_alone(scene: Scene) -> None:
    scene.take(scene.add("gone.jpg"))
    (scene.path / "pictures" / "gone.jpg").unlink()
    (scene.path / "pictures" / "stray.jpg").write_bytes(b"")
    assert {problem.path.name for problem in scene.quarantine.check()} == {"gone.jpg.json", "stray.jpg"}
    with pytest.raises(RecordMissing):
        scene.quarantine.restore(scene.quarantine.find(next(iter(scene.last_events()))))


def test_a_torn_log_line_is_passed_over_and_kept_apart(scene: Scene) -> None:
    scene.take(scene.add("a.jpg"))
    with (scene.path / "log.jsonl").open("ab") as log:
        log.write(b'{"event": "resto')
    record = scene.take(scene.add("b.jpg"))
    scene.quarantine.restore(record)
    assert [entry.event for entry in scene.quarantine.history()] == [
        Event.QUARANTINED,
        Event.QUARANTINED,
        Event.RESTORED,
    ]
    entries, offset = scene.quarantine.events_since(0)
    assert len(entries) == 3
    assert scene.quarantine.events_since(offset) == ([], offset)
