"""The move: what is no longer the judged file stays, and a copy that would lose something is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from imgwatch.errors import (
    Changed,
    MoveRefused,
)
from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement, Verdict, in_words

from .scene import Killed, Quick, Scene, Stumbling, judged, tree


def test_a_file_swapped_in_just_before_the_rename_goes_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path = scene.add()

    class Swapping(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            if source.path == path:
                path.unlink()
                path.write_bytes(b"swapped in")
            super().rename(source, target)

    with pytest.raises(Changed):
        scene.opened(Swapping()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert tree(scene.inbox) == {"cat.jpg": b"swapped in"}
    assert scene.quarantine.check() == []


def test_a_file_swapped_in_goes_back_also_if_the_mover_was_killed_then(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    path = scene.add()

    class SwappingAndKilled(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            if source.path == path:
                scene.add("other", b"swapped in").replace(path)
            super().rename(source, target)
            if source.path == path:
                raise Killed

    with pytest.raises(Killed):
        scene.opened(SwappingAndKilled()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert scene.quarantine.recover()
    assert tree(scene.inbox) == {"cat.jpg": b"swapped in"}
    assert scene.quarantine.check() == []
    assert list(scene.quarantine.history()) == []


def test_a_picture_changed_in_place_after_it_was_copied_stays_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()

    class Rewriting(Quick):
        def rename(self, source: FolderEntry, target: FolderEntry) -> None:
            super().rename(source, target)
            if source.name.endswith(".part"):
                path.write_bytes(b"a newer version")

    file_ops = Rewriting()
    with pytest.raises(Changed):
        scene.opened(file_ops).quarantine(path, Identity.of(path.stat()), judged(path))
    assert tree(scene.inbox) == {"cat.jpg": b"a newer version"}
    assert tree(scene.path / "pictures") == {}
    assert scene.quarantine.check() == []


def test_a_hard_link_elsewhere_survives_a_rename_and_refuses_a_copy(scene: Scene) -> None:
    path = scene.add()
    scene.elsewhere.mkdir()
    (scene.elsewhere / "link.jpg").hardlink_to(path)
    if scene.across:
        with pytest.raises(MoveRefused, match="hard links"):
            scene.take(path)
        assert path.exists()
        assert scene.quarantine.check() == []
    else:
        scene.quarantine.restore(scene.take(path))
    assert (scene.elsewhere / "link.jpg").samefile(path)


def test_a_copy_that_cannot_keep_owner_or_attributes_is_refused(tmp_path: Path) -> None:
    class Poor(Quick):
        def apply_metadata(self, descriptor: int, wanted: object) -> list[str]:
            return ["owner 7:7"]

    scene = Scene(tmp_path, across=True)
    path = scene.add()
    with pytest.raises(MoveRefused, match="owner 7:7"):
        scene.opened(Poor()).quarantine(path, Identity.of(path.stat()), judged(path))
    assert path.exists()
    assert scene.quarantine.check() == []
    record = scene.take(path)
    assert scene.opened(Poor()).restore(record.id) == path


def test_a_picture_that_somebody_still_writes_is_not_copied_away(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()
    with path.open("ab"), pytest.raises(Changed, match="open for writing"):
        scene.take(path)
    assert path.exists()
    assert scene.quarantine.check() == []
    scene.take(path)


def test_a_copy_that_is_not_the_judged_picture_is_given_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path, across=True)
    path = scene.add()
    wrong = Judgement(Verdict.QUARANTINE, in_words(""), "", 1, 0, "0" * 64)
    with pytest.raises(Changed):
        scene.quarantine.quarantine(path, Identity.of(path.stat()), wrong)
    assert path.exists()
    assert scene.quarantine.check() == []


def test_what_a_program_saves_by_rename_during_a_copy_stays(tmp_path: Path) -> None:
    """Whichever step of the copy its new version comes before."""
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        scene = Scene(folder, across=True)
        path = scene.add()
        new = scene.add("being saved", b"a newer version")

        class Saving(Stumbling):
            def stumbling(self, step: Callable[..., Any]) -> Callable[..., Any]:
                def attempt(*arguments: Any) -> Any:
                    self.steps_left -= 1
                    if self.steps_left == -1:
                        self.has_failed = True
                        new.replace(path)  # noqa: B023 - called in the same turn
                    return step(*arguments)

                return attempt

        file_ops = Saving(step)
        with suppress(Changed):
            scene.opened(file_ops).quarantine(path, Identity.of(path.stat()), judged(path))
        if not file_ops.has_failed:
            break
        assert tree(scene.inbox) == {"cat.jpg": b"a newer version"}, step
        assert set(tree(scene.path / "pictures").values()) <= {b"cat.jpg"}, step
        assert scene.quarantine.check() == []
    assert step > 10
    assert not file_ops.has_failed
