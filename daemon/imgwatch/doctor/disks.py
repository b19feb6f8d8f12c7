"""Checks for free space, and whether the kernel can watch so many folders."""

from __future__ import annotations

import os
from collections.abc import Iterator

from imgwatch import mounts
from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.doctor.folders import nearest_folder
from imgwatch.watching import limits
from imgwatch.watching.roots import scopes_of
from imgwatch.wording import counted

_LOW_BYTES = 500_000_000
_LOW_INODES = 1000
_ROOM = "free some space there"


def check_limits(subject: Subject) -> Iterator[Finding]:
    """Check the number of folders that inotify must watch against the kernel's limits."""
    settings = subject.settings
    served = [
        scope
        for watch, scope in zip(settings.watch, scopes_of(settings), strict=True)
        if scope.root.is_dir() and watch.method != "poll" and mounts.sees_events(scope.root, scope.recursive)
    ]
    if not served:
        return
    needed, most = limits.count_folders(served), limits.max_watches()
    reached = limits.reached(served[0].root)
    if reached is not None:
        yield warning(reached.explain(needed), "until then imgwatch scans instead: slower, but complete")
    elif most is not None and needed > most * 0.8:
        yield warning(f"{counted(needed, 'folder')} to watch, the kernel allows {most}",
                      f"sudo sysctl fs.inotify.max_user_watches={2 * needed}")  # fmt: skip
    else:
        yield ok(f"inotify: {counted(needed, 'folder')} to watch, the kernel allows {most or 'any number'}")


def check_room(subject: Subject) -> Iterator[Finding]:
    """Check whether quarantine and state can be written, and how much space is free."""
    settings = subject.settings
    for what, folder in (("quarantine", settings.quarantine.path), ("state", settings.state)):
        parent = nearest_folder(folder)
        status = os.statvfs(parent)
        free = status.f_bavail * status.f_frsize
        if status.f_flag & os.ST_RDONLY:
            yield fault(
                f"{what} {folder}: on a read-only file system",
                f"mount -o remount,rw the one that holds {parent}",
            )
        elif not os.access(parent, os.W_OK | os.X_OK):
            yield fault(
                f"{what} {folder}: cannot be written by this user",
                f"chown it, or run as the owner of {parent}",
            )
        elif status.f_files and status.f_favail == 0:
            yield fault(f"{what} {folder}: the file system has no inodes left", _ROOM)
        elif free < 1_000_000:
            yield fault(f"{what} {folder}: the file system is full", _ROOM)
        elif free < _LOW_BYTES or (status.f_files and status.f_favail < _LOW_INODES):
            yield warning(f"{what} {folder}: {free / 1e6:.0f} MB and {status.f_favail} inodes left", _ROOM)
        else:
            yield ok(f"{what} {folder}: {free / 1e9:.1f} GB free")
