"""The daemon's loop in this process, with the real folder, ledger and quarantine, and short pauses."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark, write_brightness_model
from daemon import wait_until
from imgwatch.commands.context import load_settings, open_ledger
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.quarantine import Quarantine
from imgwatch.scan import identity_of
from running_service import running

pytestmark = pytest.mark.e2e


def moved(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "quarantine" / "pictures").glob("*"))


def test_what_arrives_is_judged_and_moved(tmp_path: Path, write_config: WriteConfig) -> None:
    with running(write_config()) as run:
        bright(tmp_path / "inbox" / "b.png")
        dark(tmp_path / "inbox" / "d.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])
        wait_until(lambda: run.pulses[-1].backlog == 0)
    assert (tmp_path / "inbox" / "d.png").exists()
    assert run.troubles == set()


def test_what_has_become_old_enough_is_moved_also_after_a_restart(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    def make_due(quarantine: Quarantine, ledger: Ledger) -> None:
        [waiting] = ledger.listed(FileState.WAITING)
        known = ledger.known(waiting.path)
        assert known is not None
        os.utime(waiting.path, ns=(0, 0))
        identity = identity_of(waiting.path)
        assert identity is not None
        ledger.remember([Row(waiting.path, identity, FileState.WAITING, due=1.0)], 0.0)

    rule = f"{{action: move, to: {tmp_path / 'sorted'}, after_days: 30}}"
    config = write_config(kinds=f"{{stranger: {rule}}}")
    with running(config) as run:
        bright(tmp_path / "inbox" / "b.png")
        with open_ledger(load_settings(config)) as ledger:
            wait_until(lambda: ledger.listed(FileState.WAITING))
        assert run.troubles == set()
    with running(config, make_due):
        wait_until(lambda: (tmp_path / "sorted" / "b.png").exists())
    assert moved(tmp_path) == []


def test_what_a_killed_daemon_left_on_its_way_is_moved_on(tmp_path: Path, write_config: WriteConfig) -> None:
    def leave(quarantine: Quarantine, ledger: Ledger) -> None:
        path = bright(tmp_path / "inbox" / "b.png")
        identity = identity_of(path)
        assert identity is not None
        junk = Judgement(Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5)
        quarantine.quarantine(path, identity, junk, destination=tmp_path / "sorted")

    with running(write_config(), leave):
        wait_until(lambda: (tmp_path / "sorted" / "b.png").exists())
    assert moved(tmp_path) == []


def test_a_fault_of_the_program_in_a_turn_costs_a_pause_and_is_reported(
    tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([RecursionError("too deep"), KeyError("x"), ValueError("date out of range")])

    def break_look(quarantine: Quarantine, ledger: Ledger) -> None:
        look = quarantine.access.look

        def failing(root: int | None = None) -> None:
            for fault in faults:
                raise fault
            look(root)

        monkeypatch.setattr(quarantine.access, "look", failing)

    with running(write_config(), break_look) as run:
        wait_until(lambda: "too deep" in run.troubles)
        bright(tmp_path / "inbox" / "b.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])


@pytest.mark.parametrize("times", [(2**33, 2**33), (-(2**33), -(2**33)), (10**10, 10**10)])
def test_odd_times_cost_nothing(tmp_path: Path, write_config: WriteConfig, times: tuple[int, int]) -> None:
    inbox = tmp_path / "inbox"
    with running(write_config(settle_seconds="0.05")) as run:
        (inbox / "note.txt").write_text("a note")
        for path in (inbox / "note.txt", bright(inbox / "b.png"), dark(inbox / "d.png")):
            os.utime(path, times)
        wait_until(lambda: moved(tmp_path) == ["b.png"])
        bright(inbox / "c.png")
        wait_until(lambda: moved(tmp_path) == ["b.png", "c.png"])
    assert run.troubles == set()
    with running(write_config()):  # a new start over the same files
        bright(inbox / "e.png")
        wait_until(lambda: "e.png" in moved(tmp_path))


def test_a_file_that_ends_a_turn_twice_is_set_aside_and_the_others_are_judged(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox = tmp_path / "inbox"

    def break_for_one(quarantine: Quarantine, ledger: Ledger) -> None:
        known, faults = ledger.known, iter([OverflowError("no such number")] * 2)

        def failing(path: Path) -> object:
            for fault in faults if path.name == "odd.png" else ():
                raise fault
            return known(path)

        ledger.known = failing  # type: ignore[method-assign,assignment]

    config = write_config()
    with running(config, break_for_one):
        odd = bright(tmp_path / "odd.png")
        odd.rename(inbox / "odd.png")
        bright(inbox / "b.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])
        (inbox / "odd.png").rename(odd)
        odd.rename(inbox / "odd.png")
        with open_ledger(load_settings(config)) as ledger:
            wait_until(lambda: [row.path.name for row in ledger.listed(FileState.SET_ASIDE)] == ["odd.png"])
            [row] = ledger.listed(FileState.SET_ASIDE)
            assert str(row.reason) == "not looked at any more: OverflowError: no such number"
        (inbox / "odd.png").write_bytes(bright(tmp_path / "another.png").read_bytes())
        wait_until(lambda: moved(tmp_path) == ["b.png", "odd.png"], says="another version of it is looked at")


def test_a_known_folder_that_became_a_dangling_symlink_is_waited_for(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with running(config):
        pass
    inbox.rename(tmp_path / "aside")
    inbox.symlink_to("nowhere")
    with running(config):
        inbox.unlink()
        (tmp_path / "aside").rename(inbox)
    with running(config):
        bright(inbox / "b.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])


@pytest.mark.parametrize("when", ["now", "before"])
def test_a_folder_that_is_away_is_waited_for_also_when_the_ledger_was_damaged(
    tmp_path: Path, write_config: WriteConfig, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    config, inbox, away = write_config(), tmp_path / "inbox", tmp_path / "away"
    with running(config):
        dark(inbox / "d.png")
    inbox.rename(away)
    (tmp_path / "state" / "ledger.sqlite").write_bytes(b"not a database" * 100)
    if when == "before":
        with open_ledger(load_settings(config)):
            pass
    with running(config) as run:
        wait_until(lambda: run.pulses and run.pulses[-1].folders == {str(inbox): "gone"})
        assert (
            caplog.text.count(f"{inbox}: the watched folder is not there; waiting for it to come back") == 1
        )
        away.rename(inbox)
        wait_until(lambda: run.pulses[-1].folders == {str(inbox): "watched"})
        bright(inbox / "b.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])


def test_deep_folders_loops_and_long_paths_stop_nothing(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    config = write_config()
    here = Path.cwd()
    deep = os.open(inbox, os.O_RDONLY)
    try:
        for _ in range(1100):  # deeper than Python's recursion, and longer than any path may be
            os.mkdir("deep", dir_fd=deep)
            below = os.open("deep", os.O_RDONLY, dir_fd=deep)
            os.close(deep)
            deep = below
    finally:
        os.close(deep)
    (inbox / "loop.png").symlink_to("loop.png")
    with running(config) as run:
        bright(inbox / "b.png")
        wait_until(lambda: moved(tmp_path) == ["b.png"])
        (inbox / "deep" / "deep").rename(inbox / "deep2")
        bright(inbox / "c.png")
        wait_until(lambda: moved(tmp_path) == ["b.png", "c.png"])
    assert run.troubles == set()
    assert Path.cwd() == here
    remove(inbox / "deep2")


def remove(folder: Path) -> None:
    """Remove folders nested deeper than a path may be long, which `shutil.rmtree` cannot."""
    while any(folder.iterdir()):
        middle = folder
        for _ in range(100):
            below = middle / "deep"
            if not below.exists():
                break
            middle = below
        else:
            middle.rename(folder.with_name("rest"))
        while middle != folder:
            middle = middle.parent
            (middle / "deep").rmdir() if (middle / "deep").exists() else None
        folder.rmdir()
        if not folder.with_name("rest").exists():
            return
        folder.with_name("rest").rename(folder)


def test_each_folder_is_judged_by_its_own_model(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, other = tmp_path / "inbox", tmp_path / "other"
    other.mkdir()
    lenient = write_brightness_model(tmp_path / "lenient.onnx", threshold=0.95)
    watch = f"[{{path: {inbox}}}, {{path: {other}, model: {lenient}}}]"
    with running(write_config(watch=watch)) as run:
        bright(other / "stays.png")
        bright(inbox / "goes.png")
        wait_until(lambda: moved(tmp_path) == ["goes.png"])
        wait_until(lambda: run.pulses[-1].backlog == 0)
        assert (other / "stays.png").exists()
        write_brightness_model(lenient, threshold=0.5)
        wait_until(lambda: run.service._model.judges.of(other).threshold == 0.5)
        bright(other / "goes too.png")
        wait_until(lambda: moved(tmp_path) == ["goes too.png", "goes.png"])


def test_a_symlink_in_the_config_that_is_pointed_elsewhere_is_followed_and_said(
    tmp_path: Path, write_config: WriteConfig, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, link = tmp_path / "first", tmp_path / "second", tmp_path / "link"
    first.mkdir()
    second.mkdir()
    link.symlink_to(first)
    with running(write_config(watch=f"[{{path: {link}}}]")):
        bright(first / "b1.png")
        wait_until(lambda: moved(tmp_path) == ["b1.png"])
        link.unlink()
        link.symlink_to(second)
        numbers = count(2)

        def is_watched() -> bool:
            bright(second / f"c{next(numbers)}.png")
            return len(moved(tmp_path)) > 1

        wait_until(is_watched)
        assert "leads to" in caplog.text
        bright(first / "b3.png")
        bright(second / "c1.png")
        wait_until(lambda: "c1.png" in moved(tmp_path))
    assert (first / "b3.png").exists()
