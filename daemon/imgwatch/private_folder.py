"""Whether a private folder is this user's own: its owner, its mode, and the way to it.

Everything is asked of the open folder, which cannot be exchanged in between. It makes no folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgwatch.errors import FolderNotOurs, shown
from imgwatch.files import opened_folder

_OTHERS, _OTHERS_WRITE = 0o077, 0o022
_OF_THE_FILE_SYSTEM = frozenset({"lost+found"})  # lies in the root of every ext4


@contextmanager
def opened_private(path: Path, marks: frozenset[str]) -> Iterator[int]:
    """Open a folder that is this user's own, and narrow its mode to its owner.

    A folder that others may look into, and that holds things but none of these `marks`, is somebody's for another
    purpose: its mode is left alone. Raises FolderNotOurs, which says what to do, or OSError.
    """
    _require_own_link(path)
    with opened_folder(path.resolve()) as folder:
        require_own(folder, path)
        if os.fstat(folder).st_mode & _OTHERS:
            names = set(os.listdir(folder)) - _OF_THE_FILE_SYSTEM
            if names and not names & marks:
                raise FolderNotOurs(
                    f"{shown(path)} is open to others and holds other things: name a folder of its own in the config, "
                    f"or close it with `chmod 700 {shown(path)}`"
                )
            _narrow(folder, path)
        yield folder


def require_own(descriptor: int, path: Path) -> None:
    """Raise FolderNotOurs if what is open belongs to somebody else."""
    owner = os.fstat(descriptor).st_uid
    if owner != os.geteuid() and not (os.geteuid() == 0 and _is_kept_for(descriptor, owner)):
        raise FolderNotOurs(
            f"{shown(path)} belongs to user {owner}, who could make imgwatch move any file: "
            "run imgwatch as that user, or name another folder in the config"
        )


def _is_kept_for(descriptor: int, owner: int) -> bool:
    """Return, for root, whether only this owner or root can have put the folder where it is."""
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return False
    above = os.stat("..", dir_fd=descriptor)
    return above.st_uid == owner or (above.st_uid == 0 and not above.st_mode & _OTHERS_WRITE)


def _require_own_link(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
        raise FolderNotOurs(
            f"{shown(path)} is a symlink that user {status.st_uid} made: remove it, and name the folder that you mean"
        )


def _narrow(folder: int, path: Path) -> None:
    try:
        os.fchmod(folder, stat.S_IMODE(os.fstat(folder).st_mode) & ~_OTHERS)
    except OSError as fault:
        if fault.errno == errno.EROFS:  # which is what the user must be told
            raise
    if os.fstat(folder).st_mode & _OTHERS_WRITE:
        raise FolderNotOurs(
            f"{shown(path)} can be written by others, and its file system keeps no modes: "
            "mount it with umask=077, or name another folder in the config"
        )
