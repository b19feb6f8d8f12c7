"""Which folders the service may write: as few as possible, and so that a rename into quarantine stays a rename.

Each ReadWritePaths= entry is a mount of its own, and a rename from mount to mount fails with EXDEV even on one
file system. So watched folder and quarantine get a common entry if that opens nothing else of value.
It only decides; `drop_in` writes the options.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch.files import nearest_existing

_SHARED = tuple(map(Path, ("/var/lib", "/var/spool", "/var/tmp", "/usr/local", "/run/user", "/run/media")))
_HOMES = tuple(map(Path, ("/home", "/root", "/run/user")))

SameDevice = Callable[[Path, Path], bool]


@dataclass(frozen=True)
class Way:
    """How pictures of a watched folder get into quarantine within the service: renamed, or copied and why."""

    watched: Path
    is_rename: bool
    why: str = ""


@dataclass(frozen=True)
class Writable:
    """The folders that the service may write, and what that means for each watched folder."""

    trees: tuple[Path, ...]
    ways: tuple[Way, ...]


def plan(
    watched: Sequence[Path],
    quarantine: Path,
    others: Iterable[Path] = (),
    homes: Iterable[Path] = (),
    same_device: SameDevice | None = None,
) -> Writable:
    """Return the folders to open for writing. All paths are resolved; `homes` are never opened as a whole."""
    same = same_device or on_same_device
    trees: list[Path] = [quarantine, *others]
    ways: list[Way] = []
    for folder in watched:
        common = Path(os.path.commonpath([folder, quarantine]))
        if not same(folder, quarantine):
            ways.append(Way(folder, False, "it lies on another file system than the quarantine"))
            trees.append(folder)
        elif is_too_broad(common, homes):
            ways.append(
                Way(
                    folder,
                    False,
                    f"all that it has in common with the quarantine is {common}, too much to open for writing; "
                    f"with `quarantine: {{path: {_beside(folder, homes)}}}` it would be a rename",
                )
            )
            trees.append(folder)
        else:
            ways.append(Way(folder, True))
            trees.append(common)
    return Writable(_outermost(trees), tuple(ways))


def is_too_broad(folder: Path, homes: Iterable[Path] = ()) -> bool:
    """Return whether a folder holds too much else for the service to write all of it."""
    return len(folder.parts) <= 2 or folder in _SHARED or folder in set(homes)


def _beside(folder: Path, homes: Iterable[Path]) -> Path:
    """Return a folder for the quarantine next to the watched folder, or in it if that would be too broad."""
    around = folder if is_too_broad(folder.parent, homes) else folder.parent
    return around / ".imgwatch-quarantine"


def _outermost(trees: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders without those below another one: a mount below a mount would be a border again."""
    outermost: list[Path] = []
    for tree in sorted(set(trees)):
        if not any(tree.is_relative_to(above) for above in outermost):
            outermost.append(tree)
    return tuple(outermost)


def is_covered(path: Path, trees: Iterable[Path]) -> bool:
    """Return whether a path lies in one of these trees."""
    return any(path.is_relative_to(tree) for tree in trees)


def in_homes(path: Path) -> bool:
    """Return whether ProtectHome=yes would hide a path."""
    return any(path.is_relative_to(home) for home in _HOMES)


def on_same_device(first: Path, second: Path) -> bool:
    """Return whether two paths, existing or not, lie on the same file system."""
    return nearest_existing(first).stat().st_dev == nearest_existing(second).stat().st_dev
