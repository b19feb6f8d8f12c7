"""Find the pictures below folders, in a fixed order. It opens a file only to look at its first bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from imgwatch.errors import InputMissing, IoFailed
from imgwatch.picture import SNIFF_BYTES, Unreadable, has_picture_extension, looks_like_picture, open_regular


def list_pictures(folders: Iterable[Path], exclude: Iterable[Path], ignore: Sequence[str]) -> list[Path]:
    """Return the candidates below the folders, absolute, sorted, each once; links are not followed.

    Leaves out what lies at or below a path in `exclude` and names that a pattern in `ignore` matches.
    Raises InputMissing when a folder is not there or holds no picture, IoFailed when it cannot be listed.
    """
    left_out = {_absolute(path) for path in exclude}
    found: set[str] = set()
    for folder in folders:
        if not folder.is_dir():
            raise InputMissing(f"{folder}: no such folder")
        below = set(_walk(_absolute(folder), left_out, ignore))
        if not below:
            raise InputMissing(f"{folder}: no pictures in this folder")
        found |= below
    return [Path(path) for path in sorted(found)]


def _absolute(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - normalises `..` without following links


def _walk(folder: str, left_out: set[str], ignore: Sequence[str]) -> Iterator[str]:
    if folder in left_out:
        return
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError as fault:
        raise IoFailed(f"{folder}: cannot be listed: {fault.strerror}") from fault
    for entry in entries:
        if entry.path in left_out or any(fnmatch(entry.name, pattern) for pattern in ignore):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, left_out, ignore)
        elif entry.is_file(follow_symlinks=False) and is_candidate(entry.path):
            yield entry.path


def is_candidate(path: str) -> bool:
    """Tell whether a regular file is a picture by its name or by its first bytes."""
    if has_picture_extension(path):
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
