"""A disk of which the power can be cut: it records all writes, renames and flushes, and makes what may be left of them.

The model is that of a file system with a journal. Changes of names reach the disk in their order, and with the flush of
a folder all that concern it. What is written into a file reaches it in any order, in part or torn, until the file is
flushed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from imgwatch.files import FolderEntry
from imgwatch.quarantine import journal
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.quarantine.metadata import FileMetadata
from snapshot import renumber


class Name(NamedTuple):
    """The name `new` is given to a file, `old` is taken from it; either may be missing."""

    ino: int
    old: Path | None
    new: Path | None


class Write(NamedTuple):
    """What is written at an offset; of no content, the file is cut there."""

    ino: int
    offset: int
    content: bytes | None


class Flush(NamedTuple):
    """A file, by its inode, or the names of a folder are on the disk."""

    ino: int | None
    folder: Path | None


class CutDisk(FileOps):
    """Does everything for real in the folders, which lie on two disks if `across`, and records it."""

    def __init__(self, folders: list[Path], pictures: Path, key: bytes, *, across: bool) -> None:
        self.folders, self.pictures, self.across = folders, pictures, across
        self.key = key  # that signs the journal
        self.steps: list[Name | Write | Flush] = []
        self.base: dict[Path, tuple[int, bytes]] = {}
        self.times: dict[int, int] = {}
        self.fails_in = -1  # so many steps from now, one fails
        self.held: list[int] = []  # kept open, so that no inode is given to a second file

    def close(self) -> None:
        """Let go of all files."""
        for descriptor in self.held:
            os.close(descriptor)

    def begin(self) -> None:
        """Take what is there as being on the disk."""
        self.steps = []
        for path in self._files():
            self.held.append(os.open(path, os.O_RDONLY))
            status = path.stat()
            self.base[path] = (status.st_ino, path.read_bytes())
            self.times[status.st_ino] = status.st_mtime_ns

    def _files(self) -> Iterator[Path]:
        return (path for folder in self.folders for path in folder.iterdir() if path.is_file())

    def _may_fail(self) -> None:
        self.fails_in -= 1
        if self.fails_in == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def rename(self, source: FolderEntry, target: FolderEntry) -> None:
        self._may_fail()
        old, new = _path(source), _path(target)
        if (
            self.across
            and (old.parent == self.pictures) != (new.parent == self.pictures)
            and "record" not in old.name
        ):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        super().rename(source, target)
        self.steps.append(Name(new.lstat().st_ino, old, new))

    def replace(self, source: FolderEntry, target: FolderEntry) -> None:
        self._may_fail()
        super().replace(source, target)
        new = _path(target)
        self.steps.append(Name(new.lstat().st_ino, _path(source), new))

    def rename_within(self, source: FolderEntry, target: FolderEntry) -> None:
        self.rename(source, target)

    def create(self, folder: int, name: str) -> int:
        self._may_fail()
        descriptor = super().create(folder, name)
        self.held.append(
            os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
        )  # none that writes: no move would go on
        path = _path(FolderEntry(folder, name, Path(name)))
        self.steps.append(Name(os.fstat(descriptor).st_ino, None, path))
        return descriptor

    def write(self, descriptor: int, content: bytes, offset: int) -> None:
        self._may_fail()
        super().write(descriptor, content, offset)
        self.steps.append(Write(os.fstat(descriptor).st_ino, offset, bytes(content)))

    def truncate(self, descriptor: int, size: int) -> None:
        self._may_fail()
        super().truncate(descriptor, size)
        self.steps.append(Write(os.fstat(descriptor).st_ino, size, None))

    def apply_metadata(self, descriptor: int, wanted: FileMetadata) -> list[str]:
        lost = super().apply_metadata(descriptor, wanted)
        status = os.fstat(descriptor)
        self.times[status.st_ino] = status.st_mtime_ns
        return lost

    def sync(self, descriptor: int) -> None:
        self._may_fail()
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        is_folder = path.is_dir()
        self.steps.append(
            Flush(None if is_folder else os.fstat(descriptor).st_ino, path if is_folder else None)
        )

    def unlink(self, entry: FolderEntry) -> None:
        self._may_fail()
        path = _path(entry)
        ino = path.lstat().st_ino
        super().unlink(entry)
        self.steps.append(Name(ino, path, None))

    def cut(self, end: int, chance: Random) -> None:
        """Leave in the folders what may be on the disk when the power goes behind `end` steps."""
        steps = self.steps[:end]
        names = self._names(steps, chance)
        contents = self._contents(steps, chance)
        for path in self._files():
            path.unlink()
        inodes = {}
        for path, ino in names.items():
            path.write_bytes(contents.get(ino, b""))
            path.chmod(0o600)
            if ino in self.times:
                os.utime(path, ns=(self.times[ino], self.times[ino]))
            inodes[ino] = path.stat().st_ino
        for path in names:
            if path.name.startswith(journal.NAME):
                renumber(path, inodes, self.key)  # a real disk would have kept them

    def _names(self, steps: list[Name | Write | Flush], chance: Random) -> dict[Path, int]:
        certain = -1
        for number, step in enumerate(steps):
            if isinstance(step, Flush) and step.folder is not None:
                touching = (i for i in range(number) if _touches(steps[i], step.folder))
                certain = max(certain, *touching, -1)
        names = {path: ino for path, (ino, _) in self.base.items()}
        for step in steps[: chance.randint(certain + 1, len(steps))]:
            if isinstance(step, Name):
                if step.old is not None:
                    names.pop(step.old, None)
                if step.new is not None:
                    names[step.new] = step.ino
        return names

    def _contents(self, steps: list[Name | Write | Flush], chance: Random) -> dict[int, bytes]:
        flushed = {step.ino: number for number, step in enumerate(steps) if isinstance(step, Flush)}
        contents = {ino: bytearray(content) for ino, content in self.base.values()}
        for number, step in enumerate(steps):
            if not isinstance(step, Write):
                continue
            content = contents.setdefault(step.ino, bytearray())
            is_certain = number < flushed.get(step.ino, -1)
            if not is_certain and chance.random() < 0.5:
                continue
            if step.content is None:
                del content[step.offset :]
                continue
            is_torn = not is_certain and chance.random() < 0.2
            written = step.content[: chance.randint(0, len(step.content))] if is_torn else step.content
            content.extend(bytes(max(0, step.offset - len(content))))
            content[step.offset : step.offset + len(written)] = written
        return {ino: bytes(content) for ino, content in contents.items()}


def _touches(step: Name | Write | Flush, folder: Path) -> bool:
    return isinstance(step, Name) and any(
        path is not None and path.parent == folder for path in (step.old, step.new)
    )


def _path(entry: FolderEntry) -> Path:
    return Path(f"/proc/self/fd/{entry.folder}").readlink() / entry.name
