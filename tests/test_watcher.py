from __future__ import annotations

import logging
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from daemon import wait_until
from imgwatch.scan import Scope
from imgwatch.watching.watcher import Hint, Overflow, Watcher


def paths_on(hints: SimpleQueue[Hint]) -> set[Path]:
    found: set[Path] = set()
    while not hints.empty():
        hint = hints.get()
        if isinstance(hint, Path):
            found.add(hint)
    return found


@pytest.mark.e2e
def test_hints_name_where_a_file_lies_now(tmp_path: Path) -> None:
    hints: SimpleQueue[Hint] = SimpleQueue()
    watcher = Watcher(hints)
    watcher.start([Scope(tmp_path)])
    (tmp_path / "a.part").write_bytes(b"x")
    (tmp_path / "a.part").rename(tmp_path / "a.jpg")
    (tmp_path / "sub").mkdir()
    seen: set[Path] = set()
    wait_until(lambda: seen.update(paths_on(hints)) or {tmp_path / "a.jpg", tmp_path / "sub"} <= seen)
    watcher.stop()


@pytest.mark.e2e
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
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
    hints: SimpleQueue[Hint] = SimpleQueue()
    watcher = Watcher(hints)
    watcher.start([Scope(tmp_path)])
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events were lost")
    watcher.stop()
    assert any(isinstance(hints.get(), Overflow) for _ in range(hints.qsize()))


def test_a_folder_that_cannot_be_watched_is_returned(tmp_path: Path) -> None:
    watcher = Watcher(SimpleQueue())
    failed = watcher.start([Scope(tmp_path / "gone"), Scope(tmp_path)])
    assert list(failed) == [tmp_path / "gone"]
    watcher.stop()
