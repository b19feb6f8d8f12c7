"""Walk watched folders and find candidates: start-up, rescan, safety net, and polling are all this one walk.

It decides what is a candidate; whether one was judged before, the ledger knows.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from imgwatch.errors import InputMissing
from imgwatch.files import Identity
from imgwatch.picture import SNIFF_BYTES, Unreadable, has_picture_extension, looks_like_picture, open_regular

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scope:
    """One folder to look into, with what is left out. `root` and `apart` are resolved paths."""

    root: Path
    recursive: bool = True
    ignore: tuple[str, ...] = ()
    apart: tuple[Path, ...] = ()  # never looked into: the quarantine and the state folder, wherever they lie
    only: str | None = None  # this one file of the root, and nothing else

    def admits(self, path: Path) -> bool:
        """Tell whether a path lies in this scope: below the root, not ignored, not in a folder kept apart."""
        try:
            steps = path.relative_to(self.root).parts
        except ValueError:
            return False
        if not steps or (len(steps) > 1 and not self.recursive) or (self.only and steps != (self.only,)):
            return False
        return not any(self._ignored(step) for step in steps) and not self._is_apart(path)

    def _ignored(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self.ignore)

    def _is_apart(self, path: Path) -> bool:
        return any(path == folder or folder in path.parents for folder in self.apart)


Listing = dict[str, Identity]


def walk(scope: Scope, top: Path | None = None) -> Iterator[tuple[Path, Listing]]:
    """Yield each folder of the scope (below `top`, if given) with the regular files in it: name -> identity.

    Links are not followed; a folder that cannot be read is logged and passed over. Memory: one folder at a time.
    """
    folders = [top or scope.root]
    while folders:
        folder = folders.pop()
        listing: Listing = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = folder / entry.name
                    if scope.admits(path):
                        _sort_entry(entry, path, scope, folders, listing)
        except OSError as fault:
            log.warning("%s: cannot be read, passed over: %s", folder, fault.strerror)
        if listing:
            yield folder, listing


def _sort_entry(
    entry: os.DirEntry[str], path: Path, scope: Scope, folders: list[Path], listing: Listing
) -> None:
    try:
        if entry.is_dir(follow_symlinks=False):
            if scope.recursive:
                folders.append(path)
        elif entry.is_file(follow_symlinks=False):
            listing[entry.name] = Identity.of(entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        pass  # gone between listing and stat


def list_pictures(folders: Iterable[Path], exclude: Iterable[Path], ignore: tuple[str, ...]) -> list[Path]:
    """Return the candidates below the folders, and files that are named, absolute, sorted, each once.

    Leaves out what lies at or below a path in `exclude` and names that a pattern in `ignore` matches.
    Raises InputMissing when a folder is not there or holds no picture.
    """
    apart = tuple(_absolute(path) for path in exclude)
    found: set[Path] = set()
    for folder in folders:
        if folder.is_file():  # a picture that is named is meant, wherever it lies
            found |= {_absolute(folder)} - set(apart)
            continue
        if not folder.is_dir():
            raise InputMissing(f"{folder}: no such folder")
        walked = walk(Scope(_absolute(folder), ignore=ignore, apart=apart))
        below = {
            inside / name for inside, listing in walked for name in listing if is_candidate(inside / name)
        }
        if not below:
            raise InputMissing(f"{folder}: no pictures in this folder")
        found |= below
    return sorted(found)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - normalises `..` without following links


def identity_of(path: Path) -> Identity | None:
    """Return a regular file's identity, None when it is gone or anything else."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return Identity.of(status) if stat.S_ISREG(status.st_mode) else None


def is_candidate(path: Path) -> bool:
    """Tell whether a regular file's extension claims a picture, or its first bytes are those of one."""
    if has_picture_extension(path.name):
        return True
    try:
        descriptor = open_regular(path)
    except (OSError, Unreadable):
        return False
    try:
        return looks_like_picture(os.read(descriptor, SNIFF_BYTES))
    except OSError:
        return False
    finally:
        os.close(descriptor)
