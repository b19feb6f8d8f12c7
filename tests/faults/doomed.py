"""Processes that are killed while they move pictures, forked from a small one that has imported nothing else.

A fork of pytest costs ten times as much. `python doomed.py` is the small one: it reads requests, an object a line, and
answers each with a line.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from imgwatch.errors import ImgwatchError
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.signing_key import NAME, SigningKey

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CHANGES = frozenset(name for name, step in vars(FileOps).items() if callable(step)) - {"read", "sync"}


class Dying(FileOps):
    """Kills the process before its n-th step that changes a file, or in the middle of its n-th write."""

    def __init__(self, step: int, *, torn: bool) -> None:
        self.steps_left, self.torn = step, torn
        self.counted = frozenset({"write"}) if torn else CHANGES

    def __getattribute__(self, name: str) -> Any:
        attribute = super().__getattribute__(name)
        return partial(self.do, attribute) if name in CHANGES and name in self.counted else attribute

    def do(self, step: Callable[..., Any], *args: Any) -> Any:
        self.steps_left -= 1
        if self.steps_left >= 0:
            return step(*args)
        if self.torn:
            descriptor, content, offset = args
            os.pwrite(descriptor, content[: len(content) // 2], offset)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")


class Folders:
    """A watched folder, one beside it, and a quarantine on the same or another file system."""

    def __init__(self, folder: Path, other: Path) -> None:
        self.folder, self.other = folder, other
        self.inbox, self.to, self.path = folder / "inbox", folder / "to", other / "quarantine"

    def opened(self, file_ops: FileOps | None = None, days: int = 0) -> Quarantine:
        key = SigningKey(self.folder / "state" / NAME)
        return Quarantine(self.path, [self.inbox], file_ops, lambda: NOON + timedelta(days=days), key=key)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def take(quarantine: Quarantine, path: Path, to: Path | None = None) -> Record:
    return quarantine.quarantine(
        path,
        Identity.of(path.stat()),
        Judgement(Verdict.QUARANTINE, in_words("strange"), "m", 4.5, 3.2, digest(path)),
        [other.name for other in path.parent.glob(f"{path.stem}.*") if other != path],
        to,
    )


def do_quarantine(folders: Folders, quarantine: Quarantine) -> None:
    take(quarantine, folders.inbox / "subject.jpg")


def do_restore(_: Folders, quarantine: Quarantine) -> None:
    quarantine.restore(next(quarantine.list()))


def do_restore_to(folders: Folders, quarantine: Quarantine) -> None:
    quarantine.restore(next(quarantine.list()), to=folders.to)


def do_delete(_: Folders, quarantine: Quarantine) -> None:
    quarantine.delete(next(quarantine.list()))


def do_purge(_: Folders, quarantine: Quarantine) -> None:
    quarantine.purge(keep_days=1)


def do_join(folders: Folders, quarantine: Quarantine) -> None:
    quarantine.join(next(quarantine.list()), folders.inbox / "late.aae")


def do_move_on(_: Folders, quarantine: Quarantine) -> None:
    quarantine.move_on(next(quarantine.list()))


def do_take_back(_: Folders, quarantine: Quarantine) -> None:
    quarantine.take_back(*quarantine.moved())


def do_recall(folders: Folders, quarantine: Quarantine) -> None:
    quarantine.recall(*quarantine.moved(), folders.inbox / "late.aae")


ACTS = (
    do_move_on,
    do_take_back,
    do_recall,
    do_join,
    do_quarantine,
    do_restore,
    do_restore_to,
    do_delete,
    do_purge,
)


def work(folders: Folders, seed: int) -> None:
    """Move, restore and delete without end; what another worker did meanwhile is no fault."""
    quarantine, chance = folders.opened(), random.Random(seed)
    while True:
        outside, inside = sorted(folders.inbox.glob("*.jpg")), list(quarantine.list())
        try:
            choice = chance.random()
            if outside and (choice < 0.6 or not inside):
                take(quarantine, chance.choice(outside))
            elif choice < 0.65:
                record = chance.choice(inside)
                quarantine.join(record, folders.inbox / f"late{Path(record.original).stem}.aae")
            elif choice < 0.8:
                quarantine.restore(chance.choice(inside), to=chance.choice([None, folders.to]))
            elif choice < 0.9:
                quarantine.delete(chance.choice(inside))
            else:
                quarantine.purge(max_bytes=30_000)
        except (ImgwatchError, FileNotFoundError, IndexError):
            continue


class Doomed:
    """The small process, which forks others, and tells how they ended; it ends with the with statement."""

    def __enter__(self) -> Self:
        command = [sys.executable, __file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def _ask(self, **request: object) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def act(self, folders: Folders, act: str, step: int, *, torn: bool) -> int:
        """Do something until that is killed; return the exit code."""
        pid = self._ask(folders=[str(folders.folder), str(folders.other)], act=act, step=step, torn=torn)
        return self._ask(wait=pid)

    def work(self, folders: Folders, seed: int) -> int:
        """Begin to work without end; return the pid."""
        return self._ask(folders=[str(folders.folder), str(folders.other)], seed=seed)

    def kill(self, pid: int) -> int:
        """Kill what works; return the exit code."""
        os.kill(pid, signal.SIGKILL)
        return self._ask(wait=pid)


def _serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                _do(request)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _do(request: dict[str, Any]) -> None:
    """Do what is asked for, and end."""
    try:
        folders = Folders(*map(Path, request["folders"]))
        if "seed" in request:
            work(folders, request["seed"])
        act = next(act for act in ACTS if act.__name__ == request["act"])
        act(folders, folders.opened(Dying(request["step"], torn=request["torn"]), days=9))
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nothing of the child may reach its parent
        os._exit(1)


if __name__ == "__main__":
    _serve()
