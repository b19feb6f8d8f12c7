"""Run the real daemon for a test, look at it from outside, and take pictures of folder trees before and after."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from fork_server import ForkedProcess, can_fork
from imgwatch.commands.context import load_settings, open_ledger
from imgwatch.commands.status import collect
from imgwatch.errors import ImgwatchError
from imgwatch.lifecycle import FileState

COMMAND = (sys.executable, "-m", "imgwatch")
FORK_OPTIONS = {"stdin", "stdout", "stderr", "text", "errors", "encoding", "cwd", "env", "bufsize"}
PACED = (sys.executable, str(Path(__file__).with_name("paced.py")))


def wait_until(claim: Callable[[], object], seconds: float = 60.0, says: str = "") -> None:
    """Return as soon as the claim is true; fail when it is not within so many seconds.

    A claim that looks at a file which is being moved away meanwhile is asked again.
    """
    end = time.monotonic() + seconds
    while not _holds(claim):
        assert time.monotonic() < end, f"not within {seconds:g} s: {says or claim}"
        time.sleep(0.05)


def _holds(claim: Callable[[], object]) -> bool:
    try:
        return bool(claim())
    except (FileNotFoundError, ProcessLookupError):
        return False


def run(
    *arguments: str | Path, config: Path | None = None, code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `code` is what it must exit with, None for anything."""
    command = [*COMMAND, *map(str, arguments), *(("--config", str(config)) if config else ())]
    with popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="surrogateescape"
    ) as process:
        try:
            out, err = process.communicate(timeout=300)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    assert code is None or done.returncode == code, (command, done.returncode, out, err)
    return done


def popen(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a command; imgwatch itself by a fork, where that is the same."""
    can = can_fork(list(command), options.get("env")) and not options.keys() - FORK_OPTIONS
    return (ForkedProcess if can else subprocess.Popen)(command, **options)


def objects(text: str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


class Daemon:
    """`imgwatch watch` on a config, with short pauses; stopped at the end of the with statement."""

    def __init__(self, config: Path, log: Path | None = None) -> None:
        self.config = config
        self.log = log or config.with_name("watch.log")
        self.start()

    def start(self) -> None:
        """Start it, and do not wait until it watches."""
        command = [*PACED, "watch", "--config", str(self.config)]
        with self.log.open("ab") as stream:
            self.process = popen(command, stderr=stream, stdout=stream)

    def __enter__(self) -> Self:
        try:
            self.wait_alive()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_alive(self) -> None:
        wait_until(lambda: self.status().get("alive") or self._must_run(), says="alive")

    def _must_run(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()

    def status(self) -> dict[str, Any]:
        """Return what `imgwatch status --json` says, without a process for each look."""
        try:
            return collect(load_settings(self.config))
        except (
            ImgwatchError
        ):  # a config that is just being written, or a ledger that another process has locked
            return {}

    def wait_log(self, text: str, seconds: float = 60.0) -> None:
        """Wait until the daemon has said so. What else shows of it, shows earlier or later."""
        end = time.monotonic() + seconds
        while text not in self.log.read_text():
            assert time.monotonic() < end, f"{text!r} not in {self.log.read_text()[-3000:]}"
            time.sleep(0.05)

    def told_once(self, text: str) -> None:
        """Wait until the daemon has said so, and see that it said it once."""
        self.wait_log(text)
        assert self.log.read_text().count(text) == 1, self.log.read_text()[-3000:]

    def _is_moving(self) -> bool:
        """Return whether a picture was judged junk and is not moved yet."""
        with open_ledger(load_settings(self.config)) as ledger:
            return any(path.exists() for path in ledger.waiting(FileState.PENDING))

    def wait_judged(self, number: int, seconds: float = 120.0) -> None:
        """Wait until so many pictures are judged in all, nothing waits any more, and what can be moved is."""

        def is_done() -> bool:
            status = self.status()
            is_judged = bool(status.get("judged", 0) >= number and status["backlog"] == 0)
            return (is_judged and (bool(status["troubles"]) or not self._is_moving())) or self._must_run()

        wait_until(is_done, seconds, f"{number} judged; {self.log.read_text()[-2000:]}")


def digests(*folders: Path) -> list[str]:
    """Return the digests of all files below these folders, sorted: what exists, however it is called."""
    return sorted(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def tree(folder: Path) -> dict[str, str]:
    """Return relative path -> digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def write_slowly(path: Path, content: bytes, pieces: int, pause_seconds: float) -> None:
    """Write a file piece by piece."""
    step = -(-len(content) // pieces)
    with path.open("wb") as stream:
        for start in range(0, len(content), step):
            stream.write(content[start : start + step])
            stream.flush()
            os.fsync(stream.fileno())
            time.sleep(pause_seconds)


def names(paths: Sequence[Path]) -> list[str]:
    """Return the names of paths, sorted."""
    return sorted(path.name for path in paths)
