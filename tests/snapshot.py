"""A folder as it is now, to be made so again and again: for tests that break one state in many ways."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from imgwatch.quarantine import journal

Numbered = TypeVar("Numbered", journal.Operation, journal.Member)


class Snapshot:
    """All files below a folder with their times and modes, and its folders. The files must have but one name each.

    `key` signs the journals in it.
    """

    def __init__(self, folder: Path, key: bytes | None = None) -> None:
        self._folder, self._key = str(folder), key
        self._folders, self._files = set(), []
        for below, _, names in os.walk(folder):
            self._folders.add(below)
            paths = [Path(below, name) for name in names]
            self._files += [(path, path.read_bytes(), path.stat()) for path in paths]

    def rewind(self) -> None:
        """Make the folder as it was. The files are new ones, and what is under way names their inodes."""
        for below, _, names in os.walk(self._folder, topdown=False):
            for name in names:
                Path(below, name).unlink()
            if below not in self._folders:
                Path(below).rmdir()
        inodes = {}
        for path, content, status in self._files:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            os.write(descriptor, content)
            os.fchmod(descriptor, status.st_mode & 0o7777)
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
            inodes[status.st_ino] = os.fstat(descriptor).st_ino
            os.close(descriptor)
        for path, _, _ in self._files:
            if path.name.startswith(journal.NAME):
                renumber(path, inodes, self._key)


def renumber(path: Path, inodes: Mapping[int, int], key: bytes | None = None) -> None:
    """Put the inodes that the files have now into a journal; 0 for those that are no more."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        for offset in (0, journal._SLOT_BYTES):
            operation = journal.read_slot(descriptor, offset)
            if operation is None:
                continue
            members = tuple(_renumbered(member, inodes) for member in operation.companions)
            fresh = msgspec.structs.replace(_renumbered(operation, inodes), companions=members)
            os.pwrite(descriptor, journal._encoded(fresh.signed(key)), offset)
    finally:
        os.close(descriptor)


def _renumbered(member: Numbered, inodes: Mapping[int, int]) -> Numbered:
    identity = member.identity._replace(ino=inodes.get(member.identity.ino, 0))
    copy = member.copy_ino and inodes.get(member.copy_ino, 0)
    return msgspec.structs.replace(member, identity=identity, copy_ino=copy)
