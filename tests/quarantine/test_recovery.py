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

pytestmark = pytest.mark.faults


def faults() -> Iterator[tuple[int, str, bool]]:
    """Of kills, none after a step: what that leaves is left by one before the next."""
    for how in HOW:
        yield errno.EIO, how, False
        yield errno.EIO, how, True
    yield KILL, "before", False
    yield KILL, "torn", False
    yield errno.ENOSPC, "before", True


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", list(faults()), ids=str)
def test_whatever_step_fails_the_picture_is_whole_in_one_place(
    memory: Path, act: Act, across: bool, companions: Sequence[str], fault: tuple[int, str, bool]
) -> None:
    scene = set_up(memory / "scene", act, across=across, companions=companions)
    before, start = scene.everything(), scene.snapshot()
    number, how, lasting = fault
    for step in range(200):
        scene.rewind(start)
        file_ops = Stumbling(step, number, how, lasting=lasting)
        attempt(scene, act, file_ops)
        if number != KILL and not lasting:
            assert_counted(scene, before)  # whole before the next start as well
        scene.quarantine.recover()
        assert_whole(scene, before)
        if not file_ops.has_failed:
            assert step > (1 if how == "torn" else 4)
            return
    pytest.fail("the operation never came to its end")


@pytest.mark.parametrize("across", [False, True], ids=["one file system", "across"])
@pytest.mark.parametrize("companions", [(), SET[:2]], ids=["alone", "set"])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("how", ["before", "torn"])
def test_recovery_itself_may_be_killed_at_any_step(
    memory: Path, act: Act, across: bool, companions: Sequence[str], how: str
) -> None:
    scene = set_up(memory / "scene", act, across=across, companions=companions)
    before, start = scene.everything(), scene.snapshot()
    for step in range(200):
        scene.rewind(start)
        first = Stumbling(step, KILL)
        attempt(scene, act, first)
        broken_off = scene.snapshot()
        for again in range(200):
            scene.rewind(broken_off)
            second = Stumbling(again, KILL, how)
            attempt(scene, do_recover, second)
            scene.quarantine.recover()
            assert_whole(scene, before)
            if not second.has_failed:
                break
        assert not second.has_failed, "the recovery never came to its end"
        if not first.has_failed:
            return
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
    scene = set_up(memory / "scene", act, across=False, companions=companions)
    before, start = scene.everything(), scene.snapshot()
    for step in range(200):
        scene.rewind(start)
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
    memory: Path, act: Act, across: bool
) -> None:
    named = set()
    scene = set_up(memory / "scene", act, across=across)
    start = scene.snapshot()
    for step in range(100):
        scene.rewind(start)
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
