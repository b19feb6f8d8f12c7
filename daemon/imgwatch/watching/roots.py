"""The watched folders: which exist, which inotify watches, which must be scanned often instead.

Gone never means deleted: a folder that vanished is waited for. The files in the folders are not known here.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from imgwatch import mounts
from imgwatch.errors import InputMissing, OutsideRoots, RestartNeeded
from imgwatch.scan import Scope
from imgwatch.settings import Settings, Watch
from imgwatch.trusted_root import TrustedRoot
from imgwatch.watching import limits
from imgwatch.watching.watcher import Hints, Watcher

log = logging.getLogger(__name__)

POLL_SECONDS = 10.0  # between scans of a folder where events cannot be relied on


@dataclass
class Root:
    """One watched folder: what the config says, and the folder that was there when it was last looked at."""

    watch: Watch
    scope: Scope
    origin: TrustedRoot  # what the config names, perhaps a symlink
    folder: tuple[int, int] | None = None  # device, inode; None while it is gone
    polled: bool = False
    is_writable: bool = False
    next_scan: float = 0.0

    @property
    def state(self) -> str:
        """One of "watched", "scanned" and "gone"."""
        if self.folder is None:
            return "gone"
        return "scanned" if self.polled else "watched"


def scopes_of(settings: Settings) -> list[Scope]:
    """Return what the config wants watched, without the quarantine and the state folder, wherever they lie."""
    apart = (settings.quarantine.path.resolve(), settings.state.resolve())
    return [Scope(watch.path.resolve(), watch.recursive, watch.ignore, apart) for watch in settings.watch]


class Roots:
    """All watched folders of a daemon, and the watcher that serves them."""

    def __init__(self, settings: Settings, hints: Hints) -> None:
        self._roots = [
            Root(watch, scope, TrustedRoot(watch.path))
            for watch, scope in zip(settings.watch, scopes_of(settings), strict=True)
        ]
        self._scan_seconds = settings.scan_minutes * 60
        self._watcher = Watcher(hints)
        self._mounts: list[tuple[str, Path, str]] = []
        self._limit: limits.Limit | None = None

    def __iter__(self) -> Iterator[Root]:
        return iter(self._roots)

    def of(self, path: Path) -> Root | None:
        """Return the root that a path belongs to; None if it lies in none, or is ignored."""
        return next((root for root in self._roots if root.scope.admits(path)), None)

    def require(self, root: Root) -> None:
        """Raise InputMissing if a root is not there."""
        if not root.scope.root.is_dir():
            raise InputMissing(
                f"{root.watch.path}: no such folder to watch; make it, or correct `watch` in the config"
            )

    def watch(self) -> None:
        """Watch every existing folder anew."""
        self._watcher.stop()
        self._mounts = self._mounts_around()
        for root in self._roots:
            _follow(root)
            root.folder = _folder_at(root.scope.root)
            root.polled = root.folder is None or not self._can_watch(root)
            if root.folder is not None:
                self._look_at_rights(root)
        blind = self._watcher.start([root.scope for root in self._roots if not root.polled])
        for root in self._roots:
            fault = blind.get(root.scope.root)
            if fault is not None:
                root.polled = True
                if limits.of_errno(fault.errno) is None:
                    log.error("%s: cannot be watched (%s); it is scanned every %g s instead",
                              root.scope.root, fault.strerror or fault, POLL_SECONDS)  # fmt: skip
        self.check_limits()

    def report_missing(self) -> None:
        """Log each watched folder that is not there; `have_changed` logs when it comes."""
        for root in self._roots:
            if root.folder is None:
                log.error(
                    "%s: the watched folder is not there; waiting for it to come back",
                    root.scope.root,
                    extra=_cause(root),
                )

    def stop(self) -> None:
        """Stop watching."""
        self._watcher.stop()

    def is_watching(self) -> bool:
        """Return whether every thread that should deliver hints still does."""
        return self._watcher.is_alive()

    def seconds_to_next_scan(self, root: Root) -> float:
        """Return how many seconds a folder may go without a scan."""
        return POLL_SECONDS if root.polled else self._scan_seconds

    def check_limits(self) -> None:
        """Ask the kernel whether all folders can be watched. Those that cannot are scanned; the log says it once."""
        served = [root for root in self._roots if root.folder is not None and self._can_watch(root)]
        limit = limits.reached(served[0].scope.root) if served else None
        if limit is None and self._limit is not None:
            log.info(
                "inotify's limit %s is no longer in the way", self._limit.sysctl, extra={"cause": "limit"}
            )
            self._limit = None
            self.watch()
            return
        for root in served if limit else ():
            root.next_scan = root.next_scan if root.polled else 0.0
            root.polled = True
        if limit is not None and self._limit is None:
            needed = limits.count_folders(root.scope for root in served) if "watches" in limit.sysctl else 1
            log.error(
                "%s. Until then the folders are scanned every %g s",
                limit.explain(needed),
                POLL_SECONDS,
                extra={"cause": "limit"},
            )
        self._limit = limit

    @property
    def limit(self) -> limits.Limit | None:
        """The limit of inotify that is reached, if any."""
        return self._limit

    def have_changed(self) -> bool:
        """Return whether a watched folder vanished, came back or was replaced, or its mounts changed."""
        changed = False
        for root in self._roots:
            there = _folder_at(root.scope.root)
            cause = _cause(root)
            if _destination(root) != root.scope.root:
                changed = True
                log.warning("%s leads to %s now, no longer to %s: watching that", root.watch.path, _destination(root),
                            root.scope.root, extra=cause)  # fmt: skip
            elif there != root.folder:
                changed = True
                if there is None and root.scope.root.exists():
                    log.error("%s: something else has taken the place of the watched folder; a symlink is not "
                              "followed. Waiting for the folder to come back",
                              root.scope.root, extra=cause)  # fmt: skip
                elif there is None:
                    log.error(
                        "%s: the watched folder is gone; waiting for it to come back",
                        root.scope.root,
                        extra=cause,
                    )
                else:
                    log.info("%s: the watched folder is there again", root.scope.root, extra=cause)
        return changed or self._mounts_around() != self._mounts

    def _mounts_around(self) -> list[tuple[str, Path, str]]:
        return mounts.around(root.scope.root for root in self._roots)

    def _can_watch(self, root: Root) -> bool:
        if root.watch.method == "auto":
            return mounts.sees_events(root.scope.root, root.scope.recursive)
        return root.watch.method == "inotify"

    def _look_at_rights(self, root: Root) -> None:
        """Note whether pictures can be moved away. Raises RestartNeeded if a sandbox holds an earlier folder."""
        was_writable, root.is_writable = root.is_writable, os.access(root.scope.root, os.W_OK)
        if was_writable and not root.is_writable and "INVOCATION_ID" in os.environ:
            raise RestartNeeded(  # systemd starts the service anew, with a sandbox around what is there now
                f"{root.scope.root}: was made again, and the service may write to the old one only; restarting"
            )


def _cause(root: Root) -> dict[str, str]:
    """Return what a log line about the folder says of its cause."""
    return {"cause": f"folder {root.watch.path}"}


def _destination(root: Root) -> Path:
    """Return where the config's path leads now. A symlink that was none when the daemon started is not followed."""
    try:
        return root.origin.resolve()
    except OutsideRoots:
        return root.scope.root


def _follow(root: Root) -> None:
    destination = _destination(root)
    if destination != root.scope.root:
        root.scope = replace(root.scope, root=destination)
        root.next_scan = 0.0


def _folder_at(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
        is_itself = path.resolve() == path  # else a symlink has come in its way
    except (OSError, RuntimeError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) and is_itself else None
