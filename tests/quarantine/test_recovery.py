"""Whatever step fails or is killed, recovery included, the picture is whole in one place."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from imgwatch.files import FolderEntry

from .faulty_steps import (
    ACTS,
    Act,
    assert_counted,
    assert_whole,
    attempt,
    do_quarantine,
    do_recover,
    do_restore,
    set_up,
)
from .scene import HOW, KILL, SET, Killed, Quick, Stumbling


def faults() -> Iterator[tuple[int, str, bool]]:
    for how in HOW:
        yield KILL, how, False
        yield errno.EIO, how, False
        yield errno.EIO, how, True
    yield errno.ENOSPC, "before", True


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", list(faults()), ids=str)
def test_whatever_step_fails_the_picture_is_whole_in_one_place(
    memory: Path, act: Act, across: bool, companions: Sequence[str], fault: tuple[int, str, bool]
) -> None:
    for step in range(200):
        folder = memory / str(step)
        folder.mkdir()
        scene = set_up(folder, act, across=across, companions=companions)
        before = scene.everything()
        number, how, lasting = fault
        file_ops = Stumbling(step, number, how, lasting=lasting)
        attempt(scene, act, file_ops)
        if number != KILL and not lasting:
            assert_counted(scene, before)  # whole before the next start as well
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not file_ops.has_failed:
            assert step > 5
            return
    pytest.fail("the operation never came to its end")


STRIDE = int(
    os.environ.get("IMGWATCH_STRIDE", "3")
)  # of a set, each step of a recovery is killed in every third one


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET[:2]], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
def test_recovery_itself_may_be_killed_at_any_step(
    memory: Path, act: Act, across: bool, companions: Sequence[str]
) -> None:
    step, again = 0, 0
    stride = STRIDE if companions else 1
    for number in range(2000):
        folder = memory / str(number)
        folder.mkdir()
        scene = set_up(folder, act, across=across, companions=companions)
        before = scene.everything()
        first, second = Stumbling(step, KILL), Stumbling(again, KILL, "torn")
        attempt(scene, act, first)
        attempt(scene, do_recover, second)
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not first.has_failed:
            return
        step, again = (step, again + stride) if second.has_failed else (step + 1, (step + 1) % stride)
    pytest.fail("the operation never came to its end")


class LinkUnlink(Stumbling):
    """A file system without a rename that cannot overwrite: link, then unlink, and a kill in between."""

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        self.link(source, target)
        self.unlink(source)

    def link(self, source: FolderEntry, target: FolderEntry) -> None:
        os.link(
            source.name,
            target.name,
            src_dir_fd=source.folder,
            dst_dir_fd=target.folder,
            follow_symlinks=False,
        )


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", [KILL, errno.EIO])
@pytest.mark.parametrize("companions", [(), SET], ids=["alone", "set"])
def test_a_rename_made_of_link_and_unlink_may_break_in_the_middle(
    memory: Path, act: Act, fault: int, companions: Sequence[str]
) -> None:
    for step in range(200):
        folder = memory / str(step)
        folder.mkdir()
        scene = set_up(folder, act, across=False, companions=companions)
        before = scene.everything()
        file_ops = LinkUnlink(step, fault)
        attempt(scene, act, file_ops)
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not file_ops.has_failed:
            return
    pytest.fail("the operation never came to its end")


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("act", [do_quarantine, do_restore])
def test_what_was_broken_off_is_called_that_and_not_a_picture_or_record_alone(
    tmp_path: Path, act: Act, across: bool
) -> None:
    named = set()
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        scene = set_up(folder, act, across=across)
        stumbling = Stumbling(step, KILL)
        scene.quarantine = scene.opened(stumbling)
        with suppress(Killed):
            act(scene)
        problems = scene.quarantine.check()
        named |= {problem.what.partition(":")[0] for problem in problems}
        assert all("finishes or undoes it" in problem.remedy for problem in problems), (step, problems)
        scene.quarantine = scene.opened(Quick())
        scene.quarantine.recover()
        assert scene.quarantine.check() == []
        if not stumbling.has_failed:
            break
    assert not stumbling.has_failed
    assert named == {"holds an interrupted operation"}
