"""Checks whether watched folders can be read and watched, and pictures moved out of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from imgwatch import mounts
from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.settings import Watch


def check_folders(subject: Subject) -> Iterator[Finding]:
    """Check each watched folder."""
    settings = subject.settings
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
        yield ok(f"{folder}: {kind} is there or below, where inotify misses changes; scanned every 10 s")
    else:
        yield warning(
            f"{folder}: {kind} is there or below, where inotify misses changes", "set `method: auto`"
        )


def _way(folder: Path, quarantine: Path) -> Iterator[Finding]:
    folder_of_quarantine = nearest_folder(quarantine)
    if (
        _mount_of(folder) == _mount_of(folder_of_quarantine)
        and folder.stat().st_dev == folder_of_quarantine.stat().st_dev
    ):
        yield ok(f"{folder}: a picture gets into quarantine by a rename")
    else:
        yield warning(
            f"{folder}: lies on another mount than the quarantine, so a picture is copied, verified, then removed; "
            "hard-linked pictures, and those of other users, stay",
            f"set `quarantine: {{path: {folder.parent / '.imgwatch-quarantine'}}}`, or leave it so",
        )


def _mount_of(folder: Path) -> str:
    """Return the id of the mount that holds a folder: rename works only within one mount."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        text = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return next((line.split()[1] for line in text.splitlines() if line.startswith("mnt_id:")), "")


def nearest_folder(path: Path) -> Path:
    """Return the folder itself, or the nearest existing one above it."""
    return next(ancestor for ancestor in (path, *path.parents) if ancestor.is_dir())
