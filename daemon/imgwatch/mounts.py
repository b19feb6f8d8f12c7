"""Which file system a folder lies on, and whether inotify and leases can be relied on there. It mounts nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_BLIND = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|fuse(\..*)?|fuseblk|9p|virtiofs|vboxsf|prl_fs|afs|ceph|lustre|glusterfs|gpfs|ncpfs|davfs"
)
_LEASED_BY_SERVER = re.compile(r"nfs\d?|cifs|smb\d?")
_ESCAPE = re.compile(r"\\([0-7]{3})")
_TABLE = Path("/proc/self/mountinfo")


def around(folders: Iterable[Path]) -> list[tuple[str, Path, str]]:
    """Return the mounts above, at and below these folders; a different list means a change."""
    wanted = list(folders)
    return [
        mount
        for mount in _mounts()
        if any(mount[1].is_relative_to(folder) or folder.is_relative_to(mount[1]) for folder in wanted)
    ]


def file_system_of(folder: Path) -> str:
    """Return the type of the file system that holds `folder`, or "unknown"."""
    return _kind_of(folder.stat().st_dev)


def asks_server_for_leases(device: int) -> bool:
    """Return whether a lease on this device (st_dev) is up to a server, which may refuse it though nobody writes."""
    return _LEASED_BY_SERVER.fullmatch(_kind_of(device)) is not None


def sees_events(folder: Path, recursive: bool = True) -> bool:
    """Return whether inotify can be relied on in this folder and, if `recursive`, in all that is mounted below it."""
    if _is_blind(file_system_of(folder)):
        return False
    below = (kind for _, point, kind in _mounts() if point != folder and point.is_relative_to(folder))
    return not (recursive and any(map(_is_blind, below)))


def _is_blind(kind: str) -> bool:
    return _BLIND.fullmatch(kind) is not None


def _kind_of(device: int) -> str:
    spelt = f"{os.major(device)}:{os.minor(device)}"
    kinds = [kind for number, _, kind in _mounts() if number == spelt]
    return kinds[-1] if kinds else "unknown"  # the last one mounted lies on top


def _mounts() -> Iterator[tuple[str, Path, str]]:
    """Yield device number, mount point and type, in the order in which they were mounted; see proc(5)."""
    try:
        table = _TABLE.read_text(errors="surrogateescape")
    except OSError:
        return
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and after:
            yield fields[2], Path(_ESCAPE.sub(_unescaped, fields[4])), after.split()[0]


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 8))
