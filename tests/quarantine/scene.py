"""A folder of pictures with a quarantine beside it, and file systems that fail at a chosen step."""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgwatch.files import FolderEntry, Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.lifecycle import Event
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.signing_key import NAME, SigningKey
from snapshot import Snapshot

KILL = -9
SET = ("subject.xmp", "subject.jpg.json", "subject.mov")  # what belongs to subject.jpg
LATE = "subject.aae"  # comes when subject.jpg is in quarantine
HOW = ("before", "torn", "after")
STEPS = frozenset(name for name, step in vars(FileOps).items() if callable(step))
UNCHANGING = frozenset({"read", "sync"})
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Killed(BaseException):
    """Stands for kill -9: nothing in the program may catch it."""


class Quick(FileOps):
    """Moves for real, but waits for no disk; with `across`, the folders lie on different file systems."""

    across = False

    def sync(self, descriptor: int) -> None:
        pass

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        folders = {source.path.parent, target.path.parent}
        if self.across and len(folders) == 2 and "pictures" in {folder.name for folder in folders}:
            raise OSError(errno.EXDEV, "other file system")
        super().rename(source, target)


class Stumbling(Quick):
    """Fails at its n-th step: before, in the middle or after it, once or from then on, by an errno or KILL.

    Only steps at which that differs are counted: KILL leaves the same before and after a step that changes no file, and
    to fail once in the middle is to fail before, but for a write.
    """

    def __init__(
        self, step: int, fault: int = errno.EIO, how: str = "before", *, lasting: bool = False
    ) -> None:
        self.steps_left, self.fault, self.how, self.lasting = step, fault, how, lasting
        self.counted = STEPS - UNCHANGING if fault == KILL else STEPS
        if how == "torn" and not lasting:
            self.counted = frozenset({"write"})
        self.has_failed = False

    def __getattribute__(self, name: str) -> Any:
        attribute = super().__getattribute__(name)
        return self.stumbling(attribute) if name in STEPS and name in self.counted else attribute

    def stumbling(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def attempt(*args: Any) -> Any:
            self.steps_left -= 1
            fails = self.steps_left < 0 if self.lasting else self.steps_left == -1
            if not fails:
                return step(*args)
            self.has_failed = True
            if self.how == "after":
                step(*args)
            elif self.how == "torn" and step.__name__ == "write":
                step(args[0], args[1][: len(args[1]) // 2], args[2])
            if self.fault == KILL:
                raise Killed
            raise OSError(self.fault, os.strerror(self.fault))

        return attempt


class Scene:
    """A folder of pictures and a quarantine beside it."""

    def __init__(self, folder: Path, *, across: bool = False) -> None:
        self.folder = folder
        self.inbox, self.path, self.elsewhere = folder / "inbox", folder / "quarantine", folder / "elsewhere"
        self.inbox.mkdir(parents=True)
        self.across = across
        self.now = NOON
        self.key: SigningKey | None = None
        self.quarantine = self.opened(Quick())
        self.deleted: Counter[str] = Counter()

    def opened(self, file_ops: Quick) -> Quarantine:
        file_ops.across = self.across
        return Quarantine(self.path, [self.inbox], file_ops, lambda: self.now, key=self.key)

    def sign(self) -> None:
        """Sign the journal from now on: else nothing is moved from folders that are not watched."""
        self.key = SigningKey(self.path.parent / "state" / NAME)
        self.quarantine = self.opened(Quick())

    def snapshot(self) -> Snapshot:
        return Snapshot(self.folder, self.key.load() if self.key else None)

    def rewind(self, snapshot: Snapshot) -> None:
        snapshot.rewind()
        self.quarantine, self.deleted = self.opened(Quick()), Counter()

    def add(self, name: str = "cat.jpg", content: bytes | None = None) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape") if content is None else content)
        return path

    def take(self, path: Path, companions: Sequence[str] = (), to: Path | None = None) -> Record:
        identity = Identity.of(path.stat())
        return self.quarantine.quarantine(path, identity, judged(path), companions, to)

    def places(self) -> list[list[Path]]:
        """The files outside and in the quarantine: of each place of its own, and of the folders below it."""
        places = (self.inbox, self.elsewhere, self.path / "pictures")
        return [[Path(f, name) for f, _, names in os.walk(place) for name in names] for place in places]

    def everything(self) -> Counter[str]:
        """All digests outside and in the quarantine, and those deleted by the user."""
        return Counter(digest(path) for files in self.places() for path in files) + self.deleted

    def last_events(self) -> dict[str, Event]:
        return {entry.record.id: entry.event for entry in self.quarantine.history()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def judged(path: Path) -> Judgement:
    return Judgement(
        Verdict.QUARANTINE, in_words("strange colours"), "m-1", 4.5, 3.2, digest(path), {"colour": 0.5}
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
