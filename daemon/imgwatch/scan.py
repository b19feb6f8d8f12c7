"""Walk watched folders and find candidates: start-up, rescan, safety net, and polling are all this one walk.

It decides what is a candidate; the ledger knows whether it was judged before.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from imgwatch.errors import InputMissing
from imgwatch.files import Identity, Version, open_regular, opened_folder, version_of
from imgwatch.ignore import compiled
from imgwatch.picture.formats import SNIFF_BYTES, Format, format_of_head, format_of_name

log = logging.getLogger(__name__)

DEEPEST = 128  # folders below a watched one that are looked into
_AT_ONCE = 4096  # files of one folder that are held in memory


@dataclass(frozen=True)
class Scope:
    """One folder to look into, with what is left out. `root` and `apart` are resolved paths."""

    root: Path
    recursive: bool = True
    ignore: tuple[str, ...] = ()
    apart: tuple[Path, ...] = ()  # never looked into: the quarantine and the state folder, wherever they lie
    only: str | None = None  # this one file of the root, and nothing else
    is_resolved: bool = True  # then a symlink on the way has come there since, and is not followed
    base: Path | None = None  # the watched folder that the patterns of `ignore` start from, if not the root

    def admits(self, path: Path) -> bool:
        """Return whether a path lies in this scope: below the root, not ignored, not in a folder kept apart."""
        try:
            steps = path.relative_to(self.root).parts
        except ValueError:
            return False
        if not steps or (len(steps) > 1 and not self.recursive) or (self.only and steps != (self.only,)):
            return False
        return not compiled(self.ignore).ignores(self.steps_to(path)) and not self._is_apart(path)

    def ignores(self, path: Path) -> bool:
        """Return whether a path below the root is ignored."""
        return path.is_relative_to(self.root) and compiled(self.ignore).ignores(self.steps_to(path))

    def covers(self, folder: Path) -> bool:
        """Return whether files that lie directly in `folder`, which was come to from the root, may be in this scope."""
        return folder == self.root or (self.recursive and self.only is None)

    def left_out_of(self, folder: Path) -> frozenset[str]:
        """Return the names in `folder` that are kept apart."""
        return frozenset(apart.name for apart in self.apart if apart.parent == folder)

    def steps_to(self, path: Path) -> tuple[str, ...]:
        """Return the names that lead to a path from where the patterns of `ignore` start."""
        return path.relative_to(self.base or self.root).parts

    def _is_apart(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.apart)


Listing = dict[str, Version]  # most of a million files are known, and need no identity


def walk(scope: Scope, top: Path | None = None) -> Iterator[tuple[Path, Listing]]:
    """Yield each folder of the scope (below `top`, if given) with the regular files in it: name -> version.

    A folder of very many files is yielded in several parts, so that memory does not grow with it.
    Links are not followed; a folder that cannot be read is logged and passed over.
    """
    folders = [top or scope.root]
    if any(folders[0].is_relative_to(apart) for apart in scope.apart):
        return
    deepest = len(scope.root.parts) + DEEPEST
    while folders:
        folder = folders.pop()
        if len(folder.parts) > deepest:
            first = Path(*folder.parts[: deepest + 1])  # and not each folder below it
            _say_once(first, f"nested deeper than {DEEPEST} folders, skipped")
            continue
        try:
            with ExitStack() as stack:
                opened = stack.enter_context(opened_folder(folder)) if scope.is_resolved else folder
                entries = stack.enter_context(os.scandir(opened))
                for listing in _listings(entries, scope, folder, folders):
                    yield folder, listing
        except OSError as fault:
            _say_once(folder, f"cannot be read, skipped: {fault.strerror}")


@lru_cache(maxsize=1000)
def _say_once(folder: Path, why: str) -> None:
    """Log it once, not at each scan, as long as it stays among the last thousand."""
    log.warning("%s: %s", folder, why)


def _listings(
    entries: Iterable[os.DirEntry[str]], scope: Scope, folder: Path, folders: list[Path]
) -> Iterator[Listing]:
    """Yield the listings of one folder's files in the scope; append its folders to `folders`.

    Every one of a million files passes here, so it checks only what the name does not decide.
    """
    if not scope.covers(folder):
        return
    ignore, apart, only = compiled(scope.ignore), scope.left_out_of(folder), scope.only
    is_ignored = ignore.by_name
    is_path_ignored = ignore.by_path("/".join(scope.steps_to(folder))) if ignore.has_paths else None
    listing: Listing = {}
    for entry in entries:
        name = entry.name
        if is_ignored(name) or name in apart or (only and name != only):
            continue
        try:
            if is_path_ignored is not None and is_path_ignored(name, entry.is_dir(follow_symlinks=False)):
                continue
            if entry.is_file(follow_symlinks=False):
                listing[name] = version_of(entry.stat(follow_symlinks=False))
            elif scope.recursive and entry.is_dir(follow_symlinks=False):
                folders.append(folder / name)
        except FileNotFoundError:  # gone between listing and stat
            continue
        if len(listing) == _AT_ONCE:
            yield listing
            listing = {}
    if listing:
        yield listing


def list_pictures(folders: Iterable[Path], exclude: Iterable[Path], ignore: tuple[str, ...]) -> list[Path]:
    """Return the candidates below the folders, and files that are named, absolute, sorted, each once.

    Leaves out what lies at or below a path in `exclude` and names that a pattern in `ignore` matches.
    Raises InputMissing when a folder is not there or holds no picture.
    """
    apart = tuple(_absolute(path) for path in exclude)
    pictures: set[Path] = set()
    for folder in folders:
        if folder.is_file():  # a picture that is named is meant, wherever it lies
            pictures |= {_absolute(folder)} - set(apart)
            continue
        if not folder.is_dir():
            raise InputMissing(f"{folder}: no such folder")
        walked = walk(Scope(_absolute(folder), ignore=ignore, apart=apart, is_resolved=False))
        below = {
            inside / name for inside, listing in walked for name in listing if is_candidate(inside / name)
        }
        if not below:
            raise InputMissing(f"{folder}: no pictures in this folder")
        pictures |= below
    return sorted(pictures)


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
    """Return whether a regular file's extension or its first bytes claim a picture or film of a readable format."""
    claimed = format_of(path)
    return claimed is not None and claimed.is_readable


def format_of(path: Path) -> Format | None:
    """Return the format that a file claims by its extension or, where that claims none that is read, by its bytes."""
    claimed = format_of_name(path.name)
    if claimed is not None and claimed.is_readable:
        return claimed
    try:
        descriptor = open_regular(path)
    except OSError:
        return claimed
    try:
        return format_of_head(os.read(descriptor, SNIFF_BYTES)) or claimed
    except OSError:
        return claimed
    finally:
        os.close(descriptor)
