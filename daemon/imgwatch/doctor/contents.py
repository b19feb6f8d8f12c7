"""Checks the content of watched folders: patterns that match nothing, and signs of a program that syncs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from imgwatch.doctor.finding import Finding, Subject, warning
from imgwatch.ignore import compiled
from imgwatch.settings import DEFAULT_IGNORE, Watch
from imgwatch.wording import counted

_MOST_ENTRIES = 100_000  # looked at in one folder: a doctor does not keep one waiting
_ANYTHING = "\0"  # a name that no file has
_SYNCED = {  # names at the top of a folder: what put them there
    ".stfolder": "Syncthing",
    ".stignore": "Syncthing",
    ".sync_*.db*": "Nextcloud or ownCloud",
    "._sync_*.db*": "Nextcloud or ownCloud",
    ".owncloudsync.log": "ownCloud",
    ".nextcloudsync.log": "Nextcloud",
    ".csync_journal.db*": "ownCloud",
    ".dropbox*": "Dropbox",
    ".sync": "Resilio Sync",
    ".tmp.drivedownload": "Google Drive",
}


def check_contents(subject: Subject) -> Iterator[Finding]:
    """Check the content of each watched folder."""
    for watch in subject.settings.watch:
        folder = watch.path.resolve()
        if folder.is_dir():
            yield from _synced(folder, moves=subject.settings.mode != "report")
            yield from _unmatched(watch, folder)


def _synced(folder: Path, *, moves: bool) -> Iterator[Finding]:
    text = sync_warning(folder)
    if text is not None and moves:
        yield warning(
            text, "set `mode: report` and look at `imgwatch status --list reported`, or watch another folder"
        )


def sync_warning(folder: Path) -> str | None:
    """Return a warning if a program syncs the folder, or one above it: moves would delete pictures on other devices."""
    for above in (folder, *folder.parents[:3]):
        try:
            names = sorted(os.listdir(above))
        except OSError:
            continue
        for name in names:
            program = next((by for glob, by in _SYNCED.items() if fnmatch(name, glob)), None)
            if program is not None:
                return (
                    f"{folder}: {above / name} shows that {program} syncs it; if it syncs both ways, a picture that is "
                    "moved into quarantine is deleted on your other devices, too"
                )
    return None


def _unmatched(watch: Watch, folder: Path) -> Iterator[Finding]:
    """Yield the user's patterns that match nothing in the folder."""
    patterns = [pattern for pattern in watch.ignore if pattern not in DEFAULT_IGNORE]
    if not patterns:
        return
    unmatched, number = set(patterns), 0
    for steps in islice(_below(folder), _MOST_ENTRIES):
        number += 1
        unmatched -= {
            pattern for pattern in unmatched if compiled((pattern.removeprefix("!"),)).ignores(steps)
        }
        if not unmatched:
            return
    there = counted(number, "file or folder", "files and folders")
    for pattern in [pattern for pattern in patterns if pattern in unmatched and number]:
        yield warning(
            f"{folder}: the pattern {pattern!r} of `ignore` matches nothing; {there} lie there",
            "correct it, or keep it for files to come",
        )


def _below(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield what lies below a folder, as names relative to it; a folder comes before its content."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(folder.joinpath(*above)) as entries:
                for entry in entries:
                    steps = (*above, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(steps)
                        yield (*steps, _ANYTHING)  # some patterns ask for a folder
                    else:
                        yield steps
        except OSError:
            continue
