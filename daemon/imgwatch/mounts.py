"""Which file system a folder lies on, and whether inotify sees what other machines or a FUSE daemon do there."""

from __future__ import annotations

import os
import re
from pathlib import Path

_BLIND = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|fuse(\..*)?|fuseblk|9p|virtiofs|vboxsf|prl_fs|afs|ceph|lustre|glusterfs|gpfs|ncpfs|davfs"
)


def file_system_of(folder: Path) -> str:
    """Return the type of the file system that holds `folder`, by /proc/self/mountinfo, or "unknown"."""
    status = folder.stat()
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return "unknown"
    for line in reversed(lines):  # the last one mounted lies on top
        before, _, after = line.partition(" - ")
        if before.split()[2] == device:
            return after.split()[0]
    return "unknown"


def sees_events(folder: Path) -> bool:
    """Tell whether inotify can be relied on in this folder."""
    return _BLIND.fullmatch(file_system_of(folder)) is None
