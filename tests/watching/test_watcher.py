from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty

import pytest

from daemon import wait_until
from imgwatch.scan import Scope
from imgwatch.watching import watcher as watcher_module
from imgwatch.watching.watcher import Hint, Hints, Overflow, Wake, Watcher


def all_on(hints: Hints) -> Iterator[Hint]:
    with suppress(Empty):
        while True:
            yield hints.get(0)


def paths_on(hints: Hints) -> set[Path]:
    return {hint for hint in all_on(hints) if isinstance(hint, Path)}


@pytest.mark.e2e
def test_hints_name_where_a_file_lies_now(tmp_path: Path) -> None:
    hints = Hints()
    watcher = Watcher(hints)
    watcher.start([Scope(tmp_path)])
    (tmp_path / "a.part").write_bytes(b"x")
    (tmp_path / "a.part").rename(tmp_path / "a.jpg")
    (tmp_path / "sub").mkdir()
    seen: set[Path] = set()
    wait_until(lambda: seen.update(paths_on(hints)) or {tmp_path / "a.jpg", tmp_path / "sub"} <= seen)
    watcher.stop()


@pytest.mark.e2e
def test_while_hints_are_lost_new_folders_are_followed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "_MOST_HINTS", 2)
    hints = Hints()
    watcher = Watcher(hints)
    watcher.start([Scope(tmp_path)])
    for number in range(9):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
    wait_until(lambda: hints.has_lost)
    (tmp_path / "sub").mkdir()
    (tmp_path / "dropped.jpg").write_bytes(b"x")
    time.sleep(0.5)
    hinted = list(all_on(hints))
    assert any(isinstance(hint, Overflow) for hint in hinted)
    assert tmp_path / "dropped.jpg" not in hinted
    (tmp_path / "sub" / "a.jpg").write_bytes(b"x")
    wait_until(lambda: tmp_path / "sub" / "a.jpg" in paths_on(hints))
    watcher.stop()


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        has_lost = False

        def put(self, hint: Hint) -> None:
            raise RuntimeError("a fault in a handler ends watchdog's thread")

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    watcher = Watcher(Failing())  # type: ignore[arg-type]
    watcher.start([Scope(tmp_path)])
    assert watcher.is_alive()
    (tmp_path / "a.jpg").write_bytes(b"x")
    wait_until(lambda: not watcher.is_alive())
    watcher.stop()


def test_a_lost_queue_is_a_hint(tmp_path: Path) -> None:
    hints = Hints()
    watcher = Watcher(hints)
    watcher.start([Scope(tmp_path)])
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events were lost")
    watcher.stop()
    assert any(isinstance(hint, Overflow) for hint in all_on(hints))


def test_a_folder_that_cannot_be_watched_is_returned(tmp_path: Path) -> None:
    watcher = Watcher(Hints())
    failed = watcher.start([Scope(tmp_path / "gone"), Scope(tmp_path)])
    assert list(failed) == [tmp_path / "gone"]
    watcher.stop()


def test_a_burst_leaves_a_bounded_queue_and_a_word_that_something_was_lost() -> None:
    hints = Hints()
    for number in range(100_000):
        hints.put(Path(f"{number}.jpg"))
    hints.put(Wake())
    hinted = list(all_on(hints))
    assert len(hinted) < 10_000
    assert [type(hint) for hint in hinted[-2:]] == [Overflow, Wake]
    hints.put(Path("later.jpg"))
    assert list(all_on(hints)) == [Path("later.jpg")]
