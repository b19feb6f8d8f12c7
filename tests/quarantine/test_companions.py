"""What belongs to a picture goes where it goes: all or none. What faults do to that, the tests beside this one say."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from imgwatch.errors import (
    BeingWritten,
    Changed,
    Conflict,
    FormatTooNew,
    MoveRefused,
    OutsideRoots,
    RecordMalformed,
    RecordMissing,
)
from imgwatch.files import Identity
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine import Quarantine, history
from imgwatch.quarantine import journal as journals
from imgwatch.quarantine.record import Record

from .scene import Quick, Scene, judged, tree

NAMES = ("cat.xmp", "cat.jpg.json", "cat.MOV")


@pytest.fixture(params=[False, True], ids=["one file system", "across file systems"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    return Scene(tmp_path, across=request.param)


def take_set(scene: Scene, folder: str = "") -> Record:
    path = scene.add(f"{folder}cat.jpg")
    for name in NAMES:
        scene.add(folder + name)
    return scene.take(path, NAMES)


def test_a_set_is_moved_under_one_record_and_comes_back_as_it_was(scene: Scene) -> None:
    for name in NAMES:
        path = scene.add(name)
        path.chmod(0o604)
        os.setxattr(path, "user.note", name.encode())
        os.utime(path, ns=(10**18, 10**18 + len(name)))
    before = {name: (scene.inbox / name).stat() for name in NAMES}
    scene.add("stays.xmp")
    record = scene.take(scene.add(), NAMES)
    assert tree(scene.inbox) == {"stays.xmp": b"stays.xmp"}
    assert set(tree(scene.path / "pictures")) == {"cat.jpg", *NAMES}
    assert [one.name for one in record.companions] == list(NAMES)
    assert list(scene.quarantine.list()) == [record], "one record"
    assert scene.quarantine.check() == []
    scene.quarantine.restore(record)
    assert set(tree(scene.inbox)) == {"cat.jpg", "stays.xmp", *NAMES}
    assert tree(scene.path / "pictures") == {}
    for name in NAMES:
        after = (scene.inbox / name).stat()
        assert (after.st_mode, after.st_mtime_ns) == (before[name].st_mode, before[name].st_mtime_ns)
        assert os.getxattr(scene.inbox / name, "user.note") == name.encode()


def test_two_sets_of_one_name_do_not_collide(scene: Scene) -> None:
    records = [take_set(scene, f"{number}/") for number in range(3)]
    assert len({file for record in records for file in record.files}) == 3 * 4
    before = {f"{number}/{name}" for number in range(3) for name in ("cat.jpg", *NAMES)}
    for record in records:
        scene.quarantine.restore(record)
    assert set(tree(scene.inbox)) == before
    assert all(content == name.encode() for name, content in tree(scene.inbox).items())


def test_a_set_is_deleted_purged_and_brought_back_as_one(scene: Scene) -> None:
    scene.quarantine.delete(take_set(scene))
    assert tree(scene.path / "pictures") == {}
    record = take_set(scene)
    size = sum(len(content) for content in tree(scene.path / "pictures").values())
    assert scene.quarantine.purge(max_bytes=size) == []
    assert scene.quarantine.purge(max_bytes=size - 1) == [record], "the set counts, not the picture alone"
    assert tree(scene.path / "pictures") == {}
    assert tree(scene.inbox) == {}
    record = take_set(scene)
    path = scene.quarantine.restore(record)
    again = scene.quarantine.requarantine(record, path)
    assert [one.name for one in again.companions] == list(NAMES)
    assert tree(scene.inbox) == {}


@pytest.mark.parametrize("name", ["cat.jpg", "cat.xmp"])
def test_one_file_in_the_way_keeps_the_whole_set_in_quarantine(scene: Scene, name: str) -> None:
    record = take_set(scene)
    scene.add(name, b"newer")
    with pytest.raises(Conflict, match=name.replace(".", r"\.")):
        scene.quarantine.restore(record)
    assert tree(scene.inbox) == {name: b"newer"}
    assert set(tree(scene.path / "pictures")) == {"cat.jpg", *NAMES}
    assert scene.quarantine.check() == []


def test_while_a_companion_is_written_the_set_stays(scene: Scene) -> None:
    path = scene.add()
    with scene.add("cat.MOV").open("ab"), pytest.raises(BeingWritten):
        scene.take(path, ["cat.MOV"])
    with pytest.raises(BeingWritten):
        scene.take(path, ["cat.MOV", "gone.xmp"])
    assert set(tree(scene.inbox)) == {"cat.jpg", "cat.MOV"}
    assert scene.take(path, ["cat.MOV"]).companions


def test_what_one_of_a_set_cannot_none_does(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path, sidecar = scene.add(), scene.add("cat.xmp")
    scene.elsewhere.mkdir()
    (scene.elsewhere / "link.xmp").hardlink_to(sidecar)
    with pytest.raises(MoveRefused, match="hard links"):
        scene.take(path, ["cat.xmp"])
    os.mkfifo(scene.inbox / "cat.aae")
    with pytest.raises(MoveRefused, match=r"cat\.aae"):
        scene.take(path, ["cat.aae"])
    with pytest.raises(MoveRefused, match="more than 8"):
        scene.take(path, [str(number) for number in range(9)])
    with pytest.raises(OutsideRoots):
        scene.take(path, ["../elsewhere/link.xmp"])
    assert tree(scene.inbox).keys() == {"cat.jpg", "cat.xmp"}
    assert scene.quarantine.check() == []


def test_a_companion_swapped_in_just_before_its_rename_goes_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path, sidecar = scene.add(), scene.add("cat.xmp")

    class Swapping(Quick):
        def rename(self, source, target) -> None:  # type: ignore[no-untyped-def]
            if source.path == sidecar and sidecar.read_bytes() == b"cat.xmp":
                scene.add("other", b"swapped in").replace(sidecar)
            super().rename(source, target)

    with pytest.raises(Changed):
        scene.opened(Swapping()).quarantine(path, Identity.of(path.stat()), judged(path), ["cat.xmp"])
    assert tree(scene.inbox) == {"cat.jpg": b"cat.jpg", "cat.xmp": b"swapped in"}
    assert scene.quarantine.check() == []


def test_a_companion_that_is_lost_in_quarantine_keeps_nobody_back(scene: Scene) -> None:
    record = take_set(scene)
    (scene.path / "pictures" / "cat.xmp").unlink()
    assert [problem.path.name for problem in scene.quarantine.check()] == ["cat.xmp"]
    scene.quarantine.restore(record)
    assert set(tree(scene.inbox)) == {"cat.jpg", "cat.jpg.json", "cat.MOV"}


def test_a_file_that_took_the_name_of_a_lost_companion_is_not_taken_for_it(scene: Scene) -> None:
    lost = take_set(scene)
    (scene.path / "pictures" / "cat.xmp").unlink()
    other = take_set(scene, "other/")
    assert "cat.xmp" in other.files
    scene.quarantine.delete(lost)
    scene.quarantine.restore(other)
    assert tree(scene.inbox) == {f"other/{name}": f"other/{name}".encode() for name in ("cat.jpg", *NAMES)}


def test_a_record_that_names_a_file_of_another_one_as_companion_does_not_get_it(scene: Scene) -> None:
    victim, record = scene.take(scene.add("victim.jpg")), take_set(scene)
    file = scene.path / "records" / "cat.jpg.json"
    content = json.loads(file.read_text())
    content["companions"][0]["file"] = victim.file
    content["companions"][0]["sha256"] = victim.sha256
    file.write_text(json.dumps(content))
    scene.quarantine.delete(record.id)
    assert "victim.jpg" in tree(scene.path / "pictures")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"file": "a/b"},
        {"file": "cat.jpg"},
        {"name": "cat.jpg.json"},
        {"sha256": "x"},
        {"mode": -1},
        {"xattrs": {"user.x": "?"}},
        {"mtime_ns": 1 << 70},
    ],
)
def test_a_companion_that_leads_elsewhere_makes_the_record_malformed(
    scene: Scene, change: dict[str, object]
) -> None:
    content = take_set(scene).to_json()
    content["companions"][0] |= change
    with pytest.raises(RecordMalformed, match="companions"):
        Record.from_json(content)


def test_a_record_of_schema_2_has_no_companions(scene: Scene) -> None:
    content = scene.take(scene.add()).to_json() | {"schema": 2}
    del content["companions"]
    assert Record.from_json(content).companions == ()


def test_a_journal_that_schema_2_signed_is_followed_and_a_newer_one_is_left_untouched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = journals.Operation(history.Event.RESTORED, "0" * 12, "a.jpg", Identity(1, 2, 3, 4), 0)
    assert "companions" not in journals._fields(operation), "what is signed is what schema 2 signed"
    take_set(scene)
    monkeypatch.setattr(journals, "SCHEMA", 4)
    slot = journals._encoded(operation)
    monkeypatch.undo()
    with (scene.path / "under_way").open("r+b") as journal:
        journal.write(slot)
    with pytest.raises(FormatTooNew, match="schema 4"):
        scene.quarantine.recover()


def test_a_set_whose_folder_is_away_waits_for_it_whole(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path = scene.add("sub/cat.jpg")
    scene.add("sub/cat.xmp")

    class DiesBetween(Quick):
        def rename(self, source, target) -> None:  # type: ignore[no-untyped-def]
            if source.path == path:
                raise KeyboardInterrupt
            super().rename(source, target)

    with pytest.raises(KeyboardInterrupt):
        scene.opened(DiesBetween()).quarantine(path, Identity.of(path.stat()), judged(path), ["cat.xmp"])
    path.parent.rename(scene.inbox / "away")
    scene.take(scene.add("other.jpg"))
    assert set(tree(scene.path / "pictures")) == {"cat.xmp", "other.jpg"}, "others go on"
    (scene.inbox / "away").rename(path.parent)
    scene.quarantine.recover()
    assert set(tree(scene.inbox)) == {"sub/cat.jpg", "sub/cat.xmp"}
    assert scene.quarantine.check() == []


def test_the_longest_names_of_the_most_companions_fit_into_the_journal(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    deep = "/".join(["\udcff" * 240] * 15)
    names = [f"{number}" + "\udcff" * 249 + ".jpg" for number in range(9)]
    folder = scene.inbox / deep
    path = Path(str(folder), names[0])
    if len(os.fsencode(path)) > 4000:
        deep = "/".join(["\udcff" * 240] * 14)
    paths = []
    try:
        paths = [scene.add(f"{deep}/{name}", name[:1].encode()) for name in names]
    except OSError as fault:  # pragma: no cover - a file system with shorter paths
        pytest.skip(str(fault))
    record = scene.take(paths[0], names[1:])
    scene.now += timedelta(days=1)
    scene.quarantine.restore(record)
    assert all(path.exists() for path in paths)


def test_older_readers_of_the_log_are_told_to_be_newer(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    take_set(scene)
    line = json.loads((scene.path / "log.jsonl").read_text())
    assert line["schema"] == history.SCHEMA == 3
    assert [one["name"] for one in line["record"]["companions"]] == list(NAMES)
    assert Quarantine(scene.path).check() == []


def test_what_comes_later_joins_its_picture_and_comes_back_with_it(scene: Scene) -> None:
    record = take_set(scene)
    scene.quarantine.mark(record, ReviewState.BINNED)
    joined = scene.quarantine.join(record, scene.add("cat.aae"))
    assert [one.name for one in joined.companions] == [*NAMES, "cat.aae"]
    assert scene.quarantine.find(record.id) == joined
    assert scene.quarantine.review_state(joined) is ReviewState.BINNED, "that decides nothing"
    assert [made.record.id for made in scene.quarantine.decisions()] == [record.id]
    assert scene.quarantine.check() == []
    scene.quarantine.restore(record)
    assert set(tree(scene.inbox)) == {"cat.jpg", *NAMES, "cat.aae"}
    assert tree(scene.path / "pictures") == {}


def test_what_cannot_join_stays(scene: Scene) -> None:
    record = take_set(scene)
    for name, why in (("cat.xmp", "companions"), ("sub/cat.aae", "where")):
        with pytest.raises(MoveRefused, match=why):
            scene.quarantine.join(record, scene.add(name, b"later"))
    for number in range(5):
        record = scene.quarantine.join(record, scene.add(f"cat.{number}"))
    with pytest.raises(MoveRefused):
        scene.quarantine.join(record, scene.add("cat.9"))
    with scene.add("cat.aae").open("ab"), pytest.raises(BeingWritten):
        scene.quarantine.join(record, scene.inbox / "cat.aae")
    scene.quarantine.delete(record)
    with pytest.raises(RecordMissing):
        scene.quarantine.join(record, scene.inbox / "cat.aae")
    assert set(tree(scene.inbox)) == {"cat.xmp", "sub/cat.aae", "cat.9", "cat.aae"}
    assert scene.quarantine.check() == []


def test_pictures_whose_names_begin_alike_are_found_under_whatever_name_they_are_kept(scene: Scene) -> None:
    first, second = scene.take(scene.add("a/cat.jpg")), scene.take(scene.add("b/cat.jpg"))
    scene.take(scene.add("a/catalogue.jpg"))
    assert second.file != "cat.jpg"
    assert scene.quarantine.namesakes(scene.inbox / "a" / "cat.xmp") == [first]
    assert scene.quarantine.namesakes(scene.inbox / "b" / "cat.jpg.json") == [second]
    third = scene.take(scene.add("a/cat.png"))
    assert scene.quarantine.namesakes(scene.inbox / "a" / "cat.xmp") == [first, third]
    scene.quarantine.restore(first)
    assert scene.quarantine.namesakes(scene.inbox / "a" / "cat.xmp") == [third]
