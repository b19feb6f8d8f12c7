"""Checks of `doctor` on folders and disks: rights, file systems, rename or copy, inotify's limits, room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from imgwatch.doctor.checks import Finding, fault, ok, warning
from imgwatch.settings import Settings, Watch
from imgwatch.watching import limits, mounts
from imgwatch.watching.roots import scopes_of

_LOW_BYTES = 500_000_000
_LOW_INODES = 1000
_ROOM = "make room there"


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Look at each watched folder."""
    for watch in settings.watch:
        folder = watch.path.resolve()
        if not folder.is_dir():
            yield fault(
                f"{watch.path}: no such folder", "make it, mount it, or correct `watch` in the config"
            )
            continue
        yield from _rights(folder)
        yield from _events(watch, folder)
        yield from _way(folder, settings.quarantine.path)


def _rights(folder: Path) -> Iterator[Finding]:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield fault(
            f"{folder}: mounted read-only, nothing can be moved away", f"mount -o remount,rw {folder}"
        )
    elif not os.access(folder, os.R_OK | os.X_OK):
        yield fault(f"{folder}: cannot be read by this user", f"chmod u+rx {folder}, or run as its owner")
    elif not os.access(folder, os.W_OK):
        yield fault(
            f"{folder}: pictures cannot be moved away by this user",
            f"chmod u+w {folder}, or run as its owner",
        )
    else:
        yield ok(f"{folder}: can be read, and pictures can be moved away")


def _events(watch: Watch, folder: Path) -> Iterator[Finding]:
    kind = mounts.file_system_of(folder)
    sees = mounts.sees_events(folder, watch.recursive)
    if sees or watch.method == "poll":
        how = "scanned every 10 s" if watch.method == "poll" else "watched by inotify"
        yield ok(f"{folder}: {kind}, {how}")
    elif watch.method == "auto":
        yield ok(f"{folder}: {kind} is there or below, where inotify sees not all; scanned every 10 s")
    else:
        yield warning(f"{folder}: {kind} is there or below, where inotify sees not all", "set `method: auto`")


def _way(folder: Path, quarantine: Path) -> Iterator[Finding]:
    place = _nearest(quarantine)
    if _mount_of(folder) == _mount_of(place) and folder.stat().st_dev == place.stat().st_dev:
        yield ok(f"{folder}: a picture gets into quarantine by a rename")
    else:
        yield warning(
            f"{folder}: lies on another mount than the quarantine, so a picture is copied, verified, then removed; "
            "hard-linked pictures, and those of other users, stay",
            f"set `quarantine: {{path: {folder.parent / '.imgwatch-quarantine'}}}`, or leave it so",
        )


def _mount_of(folder: Path) -> str:
    """Return the number of the mount that holds a folder; rename works within one only."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return next((line.split()[1] for line in told.splitlines() if line.startswith("mnt_id:")), "")


def check_limits(settings: Settings) -> Iterator[Finding]:
    """Count the folders that inotify must watch, and ask the kernel whether it will."""
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
        yield warning(f"{needed} folders to watch, the kernel allows {most}",
                      f"sudo sysctl fs.inotify.max_user_watches={2 * needed}")  # fmt: skip
    else:
        yield ok(f"inotify: {needed} folders to watch, the kernel allows {most or 'as many as needed'}")


def check_room(settings: Settings) -> Iterator[Finding]:
    """Look whether quarantine and state can be written, and how much room there is."""
    for what, folder in (("quarantine", settings.quarantine.path), ("state", settings.state)):
        place = _nearest(folder)
        status = os.statvfs(place)
        free = status.f_bavail * status.f_frsize
        if status.f_flag & os.ST_RDONLY:
            yield fault(
                f"{what} {folder}: on a read-only file system",
                f"mount -o remount,rw the one that holds {place}",
            )
        elif not os.access(place, os.W_OK | os.X_OK):
            yield fault(
                f"{what} {folder}: cannot be written by this user",
                f"chown it, or run as the owner of {place}",
            )
        elif status.f_files and status.f_favail == 0:
            yield fault(f"{what} {folder}: the file system has no inodes left", _ROOM)
        elif free < 1_000_000:
            yield fault(f"{what} {folder}: the file system is full", _ROOM)
        elif free < _LOW_BYTES or (status.f_files and status.f_favail < _LOW_INODES):
            yield warning(f"{what} {folder}: {free / 1e6:.0f} MB and {status.f_favail} inodes left", _ROOM)
        else:
            yield ok(f"{what} {folder}: {free / 1e9:.1f} GB free")


def _nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest one above that is there."""
    return next(place for place in (path, *path.parents) if place.is_dir())
