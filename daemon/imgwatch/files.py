"""What the file system knows of a file, and the few operations that the quarantine's promises rest on."""

from __future__ import annotations

import os
from typing import NamedTuple, Self


class Identity(NamedTuple):
    """Which version of which file: device, inode, size in bytes, modification time in nanoseconds."""

    dev: int
    ino: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take the identity from a stat result."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
