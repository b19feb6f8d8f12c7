"""From which watched folder a picture came, also if that is no longer watched, and where such a folder is now.

It offers and decides nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from imgwatch.ledger import Ledger


class FormerFolders(msgspec.Struct, frozen=True):
    """The folders that pictures may go back to, and all that were ever watched, with their inodes where known."""

    present: Sequence[Path]
    watched: Sequence[Path]
    inodes: dict[Path, int]

    @classmethod
    def of(cls, watched: Sequence[Path], ledger: Ledger) -> FormerFolders:
        """Return what the ledger knows about the folders; `watched` are the config's."""
        resolved = [path.resolve() for path in watched]
        return cls([*resolved, *ledger.rescanned()], resolved, ledger.facts.root_inodes())

    def root_of(self, original: Path) -> Path | None:
        """Return the watched folder that a picture came from; of folders within each other the outermost."""
        above = [root for root in {*self.present, *self.inodes} if root in original.parents]
        return min(above, key=lambda root: len(root.parts), default=None)

    def below(self, original: Path, others: Sequence[Path]) -> Path:
        """Return the folders between a picture and the watched folder that it came from.

        If that folder is unknown, it is the common folder of all `others`.
        """
        root = self.root_of(original)
        if root is None:
            strays = [other.parent for other in others if self.root_of(other) is None]
            root = Path(os.path.commonpath([original.parent, *strays]))
        return original.parent.relative_to(root)

    def move_of(self, original: Path) -> tuple[Path, Path] | None:
        """Return the watched folder that a picture came from, and where that seems to be now if it is not there.

        What is there now has the old one's inode, and is watched or lies beside it; or it is the only watched folder,
        and the old one is not watched any more.
        """
        root = self.root_of(original)
        if root is None or root.is_dir():
            return None
        others = [path for path in self.watched if path != root and path.is_dir()]
        ino = self.inodes.get(root)
        same = [path for path in (*others, *_folders_in(root.parent)) if ino and _ino(path) == ino]
        if same:
            return root, same[0]
        return (root, others[0]) if len(others) == 1 and root not in self.watched else None


def _folders_in(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return [parent / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _ino(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
