"""Where pictures come from and where they go back to: below the roots, and never in the quarantine itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from imgwatch.errors import OutsideRoots, shown
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.safe_path import SafePath, below_roots, make_parents, path_below
from imgwatch.quarantine.store import Store, move_failed
from imgwatch.trusted_root import TrustedRoot

Candidate = Path | tuple[Path, Path]  # a path, or a root and a path below it


class MoveEnds(msgspec.Struct, frozen=True):
    """The ends of moves into and out of the quarantine at `path`. `roots` are the watched folders; None: any folder.

    All methods raise OutsideRoots for what lies below none of the roots or in the quarantine, or behind a symlink.
    """

    path: Path
    roots: Sequence[TrustedRoot] | None

    def source(self, candidate: Candidate) -> SafePath:
        """Return where a candidate lies."""
        if isinstance(candidate, tuple):
            return self._outside(path_below(candidate[0].resolve(), candidate[1]))
        path = candidate.absolute()
        if self.roots is None:
            return self._outside(path_below(path.parent, Path(path.name)))
        return self._outside(below_roots(path, self.roots))

    def target(self, record: Record, to: Path | None, below: Path) -> SafePath:
        """Return where a picture goes back to: where it came from, or `below` the folder `to`."""
        original = Path(record.original)
        if to is not None:
            return self.destination(to.expanduser().resolve() / below, original.name)
        if self.roots is None:
            return self._outside(path_below(Path("/"), original.relative_to("/")))
        return self._outside(below_roots(original, self.roots))

    def destination(self, folder: Path, name: str) -> SafePath:
        """Return where a file lies, or is to lie, in a folder anywhere; no symlink on the way is followed."""
        return self._outside(path_below(Path("/"), folder.relative_to("/") / name))

    def _outside(self, safe_path: SafePath) -> SafePath:
        if safe_path.path.is_relative_to(self.path.resolve()):
            raise OutsideRoots(f"{shown(safe_path.path)} is inside the quarantine itself")
        return safe_path


def open_way_to(stack: ExitStack, store: Store, safe_path: SafePath) -> int:
    """Make the folders on the way to a path and return the last one, open until the stack ends. Raises MoveFailed."""
    try:
        return make_parents(stack, store.file_ops, safe_path)
    except OSError as fault:
        raise move_failed(fault, f"cannot make the folders for {shown(safe_path.path)}") from fault
