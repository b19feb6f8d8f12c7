"""Whether the quarantine lies where it should, or its disk is missing and only the bare mount point is there.

A folder that is gone from the disk on which it lay was removed by the user, and is made anew. Gone together with its
disk, it is waited for: what would be put on the mount point would vanish below the disk when that comes back.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from imgwatch.errors import IoFailed, QuarantineGone, Unavailable, shown
from imgwatch.files import nearest_existing
from imgwatch.quarantine import history

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Volume:
    """Where the quarantine was when it last held something: the device, and the boot that numbered it so.

    `recall` and `note` keep that text for all processes; "" or None is nothing known.
    """

    def __init__(self, path: Path, recall: Callable[[], str | None], note: Callable[[str], None]) -> None:
        self._path = path
        self._recall = recall
        self._note = note
        self._noted = ""

    def check(self, folder: Path | None = None) -> None:
        """Raise QuarantineGone if the disk is missing. `folder`: the quarantine's folder, if it is open already."""
        folder = folder or nearest_existing(self._path)
        if folder not in self._path.parents and not _is_bare(folder):
            return
        known = self._recall()
        if not known:
            self._noted = ""  # forgotten, perhaps by another process: to be noted again
        elif known != _whereabouts(folder):
            raise QuarantineGone(
                f"the quarantine {shown(self._path)} is gone, or its disk is not mounted: mount the disk; "
                "or, if you removed it for good, `imgwatch resume` begins a new one",
                errno.ENOENT,
            )

    def remember(self, folder: Path) -> None:
        """Remember where the quarantine lies, as soon as it holds something; if that fails, the next time."""
        whereabouts = _whereabouts(folder)
        if whereabouts != self._noted and not _is_bare(folder):
            with suppress(IoFailed, Unavailable):
                self._note(whereabouts)
                self._noted = whereabouts

    def forget(self) -> None:
        """Allow a new quarantine to begin wherever its path leads now."""
        self._note("")


def _is_bare(folder: Path) -> bool:
    log = folder / history.NAME
    return not (log.exists() and log.stat().st_size) and not (folder / "pictures").exists()


def _whereabouts(folder: Path) -> str:
    boot = "unknown"
    with suppress(OSError):
        boot = _BOOT.read_text().strip()
    return f"device {folder.stat().st_dev}, boot {boot}"


def open_folder(root: int) -> Path:
    """Return a path by descriptor: the very folder that is open, whatever is mounted over its path meanwhile."""
    return Path(f"/proc/{os.getpid()}/fd/{root}")
