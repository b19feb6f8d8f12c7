"""What waits to be judged: files noticed by event or scan, until they have been written and are taken.

They are taken a moment before they have settled, so that judging costs no time afterwards; the pipeline keeps the
judgements back for so long.

Events make it quick, scans against the ledger make it complete. It judges and moves nothing.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from imgwatch.candidates import claimed_format, left_alone, new_candidates
from imgwatch.file_faults import FileFaults
from imgwatch.files import Identity
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.picture.companions import companions_of
from imgwatch.scan import identity_of, is_candidate, walk
from imgwatch.settings import Watch
from imgwatch.watching.minimum_age import MinimumAge
from imgwatch.watching.roots import Root, Roots
from imgwatch.watching.settle import Settled, Settling

log = logging.getLogger(__name__)

_EARLY_SECONDS = 0.05  # so long before they settle, files are taken
_MOST = 4096  # files that wait; more are left out, and found by a scan once these are done: memory stays flat


class Intake:
    """Candidates of all watched folders. `keep_going` is called often in long walks; it may raise to end them."""

    def __init__(  # noqa: PLR0913 - parts and seams; each is made elsewhere
        self,
        settle_seconds: float,
        ledger: Ledger,
        roots: Roots,
        clock: Callable[[], float],
        keep_going: Callable[[], None],
        faults: FileFaults | None = None,
        *,
        together: bool = True,
        minimum_age_seconds: float = 0.0,
        awaits: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        self._awaits = awaits  # tells of a file whether it belongs to a picture that was moved before
        self._latecomers: list[Settled] = []  # such files
        self._together = together  # pictures and what belongs to them
        self._faults = faults or FileFaults(ledger)
        self._minimum_age = MinimumAge(minimum_age_seconds, clock)
        self._ledger = ledger
        self._roots = roots
        self._clock = clock
        self._keep_going = keep_going
        self._settling = Settling(settle_seconds)
        self._ready: dict[Path, Settled] = {}
        self._walks: dict[Path, Iterator[tuple[Path, Identity]]] = {}  # of roots, begun while too many waited
        self._left_out = 0  # files noticed while too many waited

    def __len__(self) -> int:
        return len(self._ready) + len(self._settling) + self._left_out

    @property
    def is_full(self) -> bool:
        """Return whether so many files wait that no more are taken in."""
        return len(self._ready) + len(self._settling) >= _MOST

    @property
    def wants_scan(self) -> bool:
        """Return whether files were left out, and there is room for many again."""
        return bool(self._left_out) and len(self._ready) + len(self._settling) < _MOST // 2

    @property
    def has_ready(self) -> bool:
        """Return whether something can be taken at once."""
        return bool(self._ready)

    def next_due(self) -> float | None:
        """Return when something may be taken, by the clock; None while nothing waits."""
        following = self._settling.next()
        old_enough = self._minimum_age.next_due()
        if following is None:
            return old_enough
        due = following.since - _EARLY_SECONDS
        return due if old_enough is None else min(due, old_enough)

    def expects_picture(self, seconds: float) -> bool:
        """Return whether the file that settles next looks like a picture, and does so within so many seconds."""
        following = self._settling.next()
        if following is None or following.since - self._clock() > seconds:
            return False
        return is_candidate(following.path)

    def begin_or_scan(self, root: Root) -> None:
        """Scan a folder; at its first start, first note what lies there already, to be left alone."""
        folder = root.scope.root
        if self._ledger.is_first_start(folder):
            rows = self._existing(root) if root.watch.existing == "keep" else iter(())
            number = self._ledger.begin(folder, rows, time.time())
            log.info(
                "%s: watched from now on; %d files that lie there already are left alone", folder, number
            )
        elif root.watch.existing == "keep":
            self._spare_what_is_new_in_scope(root)
        self._ledger.facts.put_scope(folder, _in_words(root.watch))
        if root.folder is not None:
            self._ledger.facts.put_root_inode(folder, root.folder[1])
        self.scan(root)

    def _existing(self, root: Root) -> Iterator[Row]:
        for folder, listing in walk(root.scope):
            for name in self._ledger.unfinished(folder, listing):  # the others a rescan has judged
                self._keep_going()
                yield Row(folder / name, Identity.of_version(listing[name]), FileState.EXISTING)

    def _spare_what_is_new_in_scope(self, root: Root) -> None:
        """Leave alone what lies where the folder is looked into from now on, as on the first day."""
        before = self._ledger.facts.scope(root.scope.root)
        if before is None or before == _in_words(root.watch):
            return
        recursive, ignore = json.loads(before)
        old = replace(root.scope, recursive=recursive, ignore=tuple(ignore))
        self._ledger.remember((row for row in self._existing(root) if not old.admits(row.path)), time.time())
        log.info("%s: more of it is watched now; what lies there already is left alone", root.scope.root)

    def scan(self, root: Root, top: Path | None = None) -> None:
        """Notice every file of the folder, or below `top`, whose version the ledger does not know.

        Where too many wait, a walk of the whole folder goes on with the next call, and another follows it at once.
        """
        folder = root.scope.root
        resumed = self._walks.pop(folder, None) if top is None else None
        if top is None and resumed is None:
            self._left_out = 0
            self._take_up_changed(root)
        new_files = resumed or self._new_files(root, top)
        for path, identity in new_files:
            if path not in self._ready and not self._settling.waits_for(path, identity):
                self._settling.notice(path, identity, self._clock())
            if self.is_full:
                self._leave_out(root)
                if top is None:
                    self._walks[folder] = new_files
                return
        if top is None:
            pause = 0.0 if resumed else self._roots.seconds_to_next_scan(root)
            root.next_scan = self._clock() + pause

    def _take_up_changed(self, root: Root) -> None:
        """Let pictures that could not be read be tried again, if their rights, say, have changed since."""
        tried = self._ledger.temporarily_unreadable()
        self._ledger.take_up_again(
            path for path, at in tried if root.scope.admits(path) and _changed_at(path) > at
        )

    def _new_files(self, root: Root, top: Path | None) -> Iterator[tuple[Path, Identity]]:
        for folder, listing in walk(root.scope, top):
            self._keep_going()
            paths: list[Path] = []
            if folder not in self._faults:
                with self._faults.costing(folder):
                    paths = new_candidates(
                        self._ledger, folder, listing, together=self._together, awaits=self._awaits
                    )
            for path in paths:
                if path not in self._faults:
                    yield path, Identity.of_version(listing[path.name])

    def notice(self, path: Path) -> bool:
        """Follow a hint. Return whether it led to a folder, which was scanned."""
        root = self._roots.of(path)
        if root is None or path in self._faults:
            return False
        is_folder = False
        with self._faults.costing(path):
            is_folder = self._notice_file(root, path)
        if is_folder:
            self.scan(root, path)
        return is_folder

    def _notice_file(self, root: Root, path: Path) -> bool:
        """Notice a file; return whether it is a folder instead."""
        identity = identity_of(path)
        if identity is None:
            return not path.is_symlink() and path.is_dir()
        known = self._ledger.known(path)
        if known is not None and known.is_version(identity) and known.is_worth_a_retry:
            self._ledger.take_up_again([path])  # something was done to it: its rights, perhaps
        elif known is not None and known.covers(identity):
            return False
        self._notice(root, path, identity)
        return False

    def _notice(self, root: Root, path: Path, identity: Identity) -> None:
        if self.is_full and path not in self._settling:
            self._leave_out(root)
        else:
            self._settling.notice(path, identity, self._clock())

    def _leave_out(self, root: Root) -> None:
        """Leave a file to a scan, which follows as soon as there is room."""
        self._left_out += 1
        root.next_scan = self._clock()

    def take(self, limit: int) -> list[Settled]:
        """Return at most `limit` pictures that need a judgement, and when each has settled: now, or in a moment."""
        self._notice_old_enough()
        settled = self._settling.settled(self._clock(), identity_of, _EARLY_SECONDS)
        for file in settled:
            with self._faults.costing(file.path):
                if self._awaits(file.path):
                    self._latecomers.append(file)
                elif not self._wants_judgement(file.path):
                    continue
                elif self._together and self._is_incomplete(file.path):
                    self._settling.notice(file.path, file.identity, self._clock())
                else:
                    self._ready[file.path] = file
        return [self._ready.pop(path) for path in list(islice(self._ready, limit))]

    def _notice_old_enough(self) -> None:
        for path in self._minimum_age.take_due():
            self.notice(path)
        if self._minimum_age.take_left_out():
            for root in self._roots:
                root.next_scan = self._clock()

    def take_latecomers(self) -> list[Settled]:
        """Return the files that have settled, or will in a moment, and whose picture was moved before."""
        latecomers, self._latecomers = self._latecomers, []
        return latecomers

    def forget(self) -> None:
        """Drop all that waits; a scan finds it again."""
        self._ready.clear()
        self._settling.clear()
        self._latecomers.clear()
        self._walks.clear()
        self._left_out = 0

    def _is_incomplete(self, path: Path) -> bool:
        """Return whether something that belongs to the picture is still being written."""
        if not self._settling.has_namesake(path):
            return False

        def waiting(name: str) -> str | None:
            return name if path.parent / name in self._settling else None

        return bool(companions_of(path.name, waiting))

    def _wants_judgement(self, path: Path) -> bool:
        """Return whether a settled file still needs a judgement: it may be known by now, or be no picture."""
        identity = identity_of(path)
        known = self._ledger.known(path)
        if identity is None or (known is not None and known.covers(identity)):
            return False
        claimed = claimed_format(path, together=self._together)
        if claimed is not None and claimed.is_readable:
            if not self._ledger.left_alone.lay_there(identity, path.name):
                return not self._minimum_age.holds_back(path)
            self._ledger.remember([Row(path, identity, FileState.EXISTING)], time.time())
            return False
        self._ledger.remember([left_alone(path, identity, claimed)], time.time())
        return False


def _in_words(watch: Watch) -> str:
    """Return which part of a folder is watched, as text for the ledger."""
    return json.dumps([watch.recursive, list(watch.ignore)])


def _changed_at(path: Path) -> float:
    """Return when something was last done to a file or its rights, in seconds since 1970; 0 if it is gone."""
    try:
        return path.lstat().st_ctime
    except OSError:
        return 0.0
