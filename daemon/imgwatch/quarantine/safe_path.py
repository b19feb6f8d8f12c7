"""Where a picture lies or is to lie: below a folder that is trusted, reached without following a symlink."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from imgwatch.errors import OutsideRoots, shown
from imgwatch.files import opened_folder
from imgwatch.quarantine.fields import is_plain_name, is_plain_path
from imgwatch.quarantine.file_ops import FileOps
from imgwatch.trusted_root import TrustedRoot

_NO_FOLDER = (errno.ELOOP, errno.ENOTDIR)  # what O_NOFOLLOW and O_DIRECTORY say of a symlink


class SafePath(msgspec.Struct, frozen=True):
    """The file `name` in the folder `parts` below `root`, which is resolved."""

    root: Path
    parts: tuple[str, ...]
    name: str

    @property
    def path(self) -> Path:
        """Return the whole path; no part up to the root is a symlink."""
        return self.root.joinpath(*self.parts, self.name)


def path_below(root: Path, relative: Path) -> SafePath:
    """Split a path relative to a resolved root; raises OutsideRoots if it leads out."""
    if not relative.parts or relative.is_absolute() or not all(map(is_plain_name, relative.parts)):
        raise OutsideRoots(f"{shown(relative)} leads out of {shown(root)}; nothing is moved there")
    safe_path = SafePath(root, relative.parts[:-1], relative.parts[-1])
    if not is_plain_path(str(safe_path.path)):
        raise OutsideRoots(f"{shown(safe_path.path)} is too long for a record; nothing is moved")
    return safe_path


def below_roots(path: Path, roots: Sequence[TrustedRoot]) -> SafePath:
    """Return the path below the root that it lies in, as that is written or resolved; raises OutsideRoots."""
    for root in roots:
        for spelling in (root.path, root.path.resolve()):
            if path != spelling and path.is_relative_to(spelling):
                return path_below(root.resolve(), path.relative_to(spelling))
    raise OutsideRoots(f"{shown(path)} is not below any watched folder; restore it to another folder")


@contextmanager
def opened_parent(safe_path: SafePath) -> Iterator[int]:
    """Open the folder of a path; no symlink below the root is followed. Raises OutsideRoots, OSError."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(opened_folder(safe_path.root, safe_path.parts))
        except OSError as fault:
            raise _explained(fault, safe_path) from fault
        yield folder


def make_parents(stack: ExitStack, file_ops: FileOps, safe_path: SafePath) -> int:
    """Open the folder of a path, kept open by the stack, and make what is missing of it below the root."""
    try:
        return stack.enter_context(opened_parent(safe_path))
    except FileNotFoundError:
        if not safe_path.parts:
            raise
    parent = make_parents(stack, file_ops, SafePath(safe_path.root, safe_path.parts[:-1], safe_path.name))
    file_ops.make_folder(parent, safe_path.parts[-1], 0o777)
    file_ops.sync(parent)
    return stack.enter_context(opened_parent(safe_path))


def _explained(fault: OSError, safe_path: SafePath) -> Exception:
    if fault.errno in _NO_FOLDER:
        return OutsideRoots(
            f"{shown(safe_path.path.parent)}: a symlink, or no folder, is in the path below {shown(safe_path.root)}"
        )
    return fault
