"""The kernel's limits on inotify: whether one is reached now, which one, how many are needed, and how to raise it.

It asks the kernel itself: watchdog says nothing when a subfolder could not be watched.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imgwatch.scan import Scope

_libc = ctypes.CDLL(None, use_errno=True)
_IN_CREATE = 0x100
_PLACES = {  # (of the machine, of this user namespace); the smaller one counts
    errno.ENOSPC: ("fs/inotify/max_user_watches", "user/max_inotify_watches"),
    errno.EMFILE: ("fs/inotify/max_user_instances", "user/max_inotify_instances"),
}
_NAMES = {errno.ENOSPC: "folders that can be watched", errno.EMFILE: "programs that can watch folders"}


@dataclass(frozen=True)
class Limit:
    """A limit that is reached: its name for sysctl and its value; None where that cannot be read."""

    what: str
    sysctl: str
    value: int | None

    def explain(self, needed: int) -> str:
        """Return a sentence: which limit, how many are needed, and the command that raises it."""
        raised = max(2 * (self.value or 0), 2 * needed, 8192 if "watches" in self.sysctl else 512)
        value = "" if self.value is None else f" ({self.value})"
        return (
            f"the kernel's limit on {self.what}, {self.sysctl}{value}, is reached; imgwatch needs {needed}. "
            f"Raise it: sudo sysctl {self.sysctl}={raised} (and put that into /etc/sysctl.d/ to keep it)"
        )


def reached(folder: Path) -> Limit | None:
    """Try to watch one folder, and return the limit that prevents it, if any."""
    descriptor = _libc.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0:
        return of_errno(ctypes.get_errno())
    try:
        if _libc.inotify_add_watch(descriptor, os.fsencode(folder), _IN_CREATE) < 0:
            return of_errno(ctypes.get_errno())
    finally:
        os.close(descriptor)
    return None


def of_errno(number: int | None) -> Limit | None:
    """Return the limit that this error number of inotify means."""
    if number not in _PLACES:
        return None
    values = [(value, name) for name in _PLACES[number] if (value := setting(name)) is not None]
    value, name = min(values, default=(None, _PLACES[number][0]))
    return Limit(_NAMES[number], name.replace("/", "."), value)


def setting(name: str) -> int | None:
    """Read one number below /proc/sys; None where it cannot be read."""
    try:
        return int(Path("/proc/sys", name).read_text())
    except (OSError, ValueError):
        return None


def max_watches() -> int | None:
    """Return how many folders this user's programs can watch, all together."""
    return min(
        (value for name in _PLACES[errno.ENOSPC] if (value := setting(name)) is not None), default=None
    )


def count_folders(scopes: Iterable[Scope]) -> int:
    """Count the folders that inotify would have to watch: also ignored ones, which watchdog does not leave out."""
    return sum(1 + (_folders_below(scope.root) if scope.recursive else 0) for scope in scopes)


def _folders_below(root: Path) -> int:
    """Count without recursion: folders may be nested deeper than Python's stack."""
    number, waiting = 0, [root]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
            number += len(below)
            waiting += below
    return number
