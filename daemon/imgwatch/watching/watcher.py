"""Turn file-system events into hints on a queue, and nothing else: the only user of watchdog.

Events get lost, so a hint only makes things quick; `scan` makes them complete. Nothing is judged on these threads.
"""

from __future__ import annotations

import errno
import logging
import os
import warnings
from pathlib import Path
from queue import SimpleQueue

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from imgwatch.scan import Scope

log = logging.getLogger(__name__)

# How long watchdog holds everything back behind a file that left, our own moves among them, for the other half of a
# rename to come. That comes in the same breath; half a second, as is watchdog's, would be each next picture's latency.
InotifyMoveEventGrouper.delay = 0.01

# Not what is modified: a copy of one film is thousands of such events. Whoever waits for a file looks whether it grows.
_KINDS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,  # also a file moved or hard-linked in, which is never "closed"
    FileClosedEvent,
    FileMovedEvent,
    FileAttribEvent,  # rights that come later
    DirCreatedEvent,
    DirMovedEvent,
]


class Overflow:
    """The hint that events were lost: only a scan can tell which."""


class Wake:
    """The hint that something else than a file wants the loop's attention (a signal)."""


Hint = Path | Overflow | Wake
_MOST_HINTS = 4096  # that wait; of more, a scan tells better


class Hints:
    """A bounded queue of hints for one reader: what exceeds it in a burst becomes one Overflow."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Hint] = SimpleQueue()
        self.has_lost = False  # until the Overflow that says so is read

    def put(self, hint: Hint) -> None:
        """Add a hint, or note that one was lost. Safe to call from a signal handler."""
        if self._queue.qsize() < _MOST_HINTS or isinstance(hint, Wake):
            self._queue.put(hint)
        elif not self.has_lost:
            self.has_lost = True
            self._queue.put(Overflow())

    def get(self, timeout: float) -> Hint:
        """Wait for the next hint. Raises queue.Empty."""
        hint = self._queue.get(timeout=timeout)
        if isinstance(hint, Overflow):
            self.has_lost = False  # what is lost until the reader scans, that scan finds
        return hint


class _Forward(FileSystemEventHandler):
    def __init__(self, hints: Hints) -> None:
        self._hints = hints

    def dispatch(self, event: FileSystemEvent) -> None:
        """Forward where the file or folder lies now: of a rename that is the destination, never the source."""
        path = event.dest_path or event.src_path
        self._hints.put(Path(os.fsdecode(path)))


class _OverflowInLog(logging.Handler):
    """Turns watchdog's warning of a lost queue, which is only in its log, into a hint."""

    def __init__(self, hints: Hints) -> None:
        super().__init__(logging.WARNING)
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage().lower():
            self._hints.put(Overflow())


class _Reader(InotifyFD):
    """Reads inotify's queue for all scopes. What happens to files while hints are lost a scan will tell: it is dropped
    here, before it fills watchdog's own queues, which know no bound.
    """

    def __init__(self, hints: Hints) -> None:
        super().__init__()
        self._hints = hints

    def run(self) -> None:
        """Read until stopped. Folders nested too deep end this thread; the loop sees that, and scans instead."""
        try:
            super().run()
        except RecursionError:
            log.debug("folders are nested too deep for events", exc_info=True)

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; events of folders always, as watchdog follows them with its watches."""
        is_of_file = event.name and not event.is_directory
        if not (is_of_file and self._hints.has_lost):
            super().handle_event(event)


class _Emitter(InotifyEmitter):
    """Asks the kernel for changes of rights, too: watchdog 7 knows their events, and leaves them out of its mask."""

    def get_event_mask_from_filter(self) -> Mask:
        return Mask(super().get_event_mask_from_filter() | InotifyConstants.IN_ATTRIB)


class Watcher:
    """Watches scopes with inotify until `stop`; `is_alive` tells the truth about its threads."""

    def __init__(self, hints: Hints) -> None:
        self._hints = hints
        self._observer: BaseObserver | None = None
        self._reader: _Reader | None = None
        self._overflow = _OverflowInLog(hints)
        self._watched = 0

    def start(self, scopes: list[Scope]) -> dict[Path, OSError]:
        """Watch these scopes. Return the roots that cannot be watched, with the reason; scans must serve them."""
        logging.getLogger("watchdog").addHandler(self._overflow)
        logging.getLogger("watchdog").setLevel(logging.WARNING)
        # watchdog warns when a folder is announced twice; were warnings errors, that would end its thread
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        failed: dict[Path, OSError] = {}
        try:
            self._reader = _Reader(self._hints)
        except OSError as fault:
            return {scope.root: fault for scope in scopes}
        self._observer = BaseObserver(_Emitter, inotify_fd=self._reader)
        self._reader.start()
        self._observer.start()
        for scope in scopes:
            try:
                self._observer.schedule(
                    _Forward(self._hints), str(scope.root), recursive=scope.recursive, event_filter=_KINDS
                )
            except OSError as fault:
                failed[scope.root] = fault
            except RecursionError:  # watchdog descends by recursion; a scan does not
                failed[scope.root] = OSError(errno.ELOOP, "its folders are nested too deep for events")
        self._watched = len(self._observer.emitters)
        return failed

    def is_alive(self) -> bool:
        """Return whether every thread that should deliver hints still does."""
        if self._observer is None or self._reader is None:
            return True  # nobody watches, as `start` has said
        threads = (self._observer, self._reader, *self._observer.emitters)
        return len(threads) == self._watched + 2 and all(thread.is_alive() for thread in threads)

    def stop(self) -> None:
        """Stop watching; hints that are already on the queue stay there."""
        logging.getLogger("watchdog").removeHandler(self._overflow)
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it calls an event at its own end an error
        if self._observer is not None and self._reader is not None:
            for thread in (self._observer, self._reader):
                thread.stop()
                thread.join(5)
            self._observer = self._reader = None
