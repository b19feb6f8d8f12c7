"""What the user may say for a picture in quarantine: its id, its name, its path, its folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from imgwatch.errors import RecordAmbiguous, RecordMissing
from imgwatch.lifecycle import ReviewState
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.selecting import Selector

from .scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def selected(scene: Scene, text: str, folder: Path | None = None) -> list[str]:
    select = scene.quarantine.selector([ReviewState.OPEN], folder or scene.path)
    return sorted(str(Path(record.original).relative_to(scene.inbox)) for record in select(text))


def take(scene: Scene, *names: str) -> list[Record]:
    return [scene.take(scene.add(name)) for name in names]


def test_a_name_a_path_and_an_id_mean_one_picture(scene: Scene) -> None:
    cat, _ = take(scene, "a/cat.jpg", "a/dog.jpg")
    for text in ("cat.jpg", str(scene.inbox / "a/cat.jpg"), cat.id, cat.id[:8]):
        assert selected(scene, text) == ["a/cat.jpg"]
    assert selected(scene, "./cat.jpg", scene.inbox / "a") == ["a/cat.jpg"]
    assert selected(scene, "../a/cat.jpg", scene.inbox / "a") == ["a/cat.jpg"]


def test_a_companion_stands_for_its_picture(scene: Scene) -> None:
    path = scene.add("a/cat.jpg")
    scene.add("a/cat.mov")
    scene.take(path, ["cat.mov"])
    assert selected(scene, "cat.mov") == ["a/cat.jpg"]
    assert selected(scene, str(scene.inbox / "a/cat.mov")) == ["a/cat.jpg"]


def test_a_folder_means_all_that_came_from_below_it_but_what_is_in_the_bin(scene: Scene) -> None:
    *_, binned = take(scene, "an/1.jpg", "an/deep/2.jpg", "b/3.jpg", "an/4.jpg")
    scene.quarantine.mark(binned, ReviewState.BINNED)
    assert selected(scene, f"{scene.inbox}/an/") == ["an/1.jpg", "an/deep/2.jpg"]
    assert selected(scene, "an", scene.inbox) == ["an/1.jpg", "an/deep/2.jpg"]
    assert selected(scene, ".", scene.inbox) == ["an/1.jpg", "an/deep/2.jpg", "b/3.jpg"]
    assert selected(scene, "4.jpg") == ["an/4.jpg"], "one that is named is meant, wherever it is"


def test_a_folder_is_found_through_a_link(scene: Scene) -> None:
    take(scene, "a/1.jpg")
    (scene.inbox.parent / "link").symlink_to(scene.inbox)
    assert selected(scene, str(scene.inbox.parent / "link" / "a")) == ["a/1.jpg"]
    assert selected(scene, str(scene.inbox.parent / "link" / "a" / "1.jpg")) == ["a/1.jpg"]


def test_what_may_mean_several_is_refused_and_the_pictures_are_named(scene: Scene) -> None:
    first, second = take(scene, "a/cat.jpg", "b/cat.jpg")
    with pytest.raises(RecordAmbiguous, match=r"cat\.jpg stands for 2 pictures; say which: ") as refused:
        selected(scene, "cat.jpg")
    assert first.id in str(refused.value)
    assert second.id in str(refused.value)
    scene.quarantine.mark(first, ReviewState.BINNED)
    assert selected(scene, "cat.jpg") == ["b/cat.jpg"], "the one that is not in the bin"
    again = scene.take(scene.add("b/cat.jpg", b"another"))
    with pytest.raises(RecordAmbiguous, match=again.id):
        selected(scene, str(scene.inbox / "b/cat.jpg"))


def test_a_name_that_is_the_beginning_of_an_id_is_asked_back(scene: Scene) -> None:
    [record] = take(scene, "a/cat.jpg")
    take(scene, f"{record.id[:4]}/dog.jpg")
    with pytest.raises(RecordAmbiguous, match=r"write more of the id, or \./"):
        selected(scene, record.id[:4], scene.inbox)
    assert selected(scene, f"./{record.id[:4]}", scene.inbox) == [f"{record.id[:4]}/dog.jpg"]


@pytest.mark.parametrize("text", ["", "nothing.jpg", "/nowhere", "~nobody-of-that-name/x", "loop/x"])
def test_what_means_nothing_is_said(scene: Scene, text: str) -> None:
    take(scene, "a/cat.jpg")
    (scene.path / "loop").symlink_to("loop")
    with pytest.raises(RecordMissing):
        selected(scene, text)


def test_each_record_is_looked_at_once_however_many_pictures_are_named(scene: Scene) -> None:
    records = take(scene, *(f"album/{number}.jpg" for number in range(20)))
    looked_at: Counter[str] = Counter()

    def is_meant(record: Record) -> bool:
        looked_at[record.id] += 1
        return True

    select = Selector(scene.path, records, is_meant, scene.inbox)
    for record in records:
        assert select(record.id) == select(f"album/{record.file}") == select(record.file) == [record]
    assert select("album") == records
    assert max(looked_at.values()) <= 3
