"""Move junk with its companions: into the quarantine, and on to the folder for its kind.

`pipeline` decides what to move; `quarantine` ensures that nothing is lost on the way.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgwatch import scan
from imgwatch.decisions import count_history
from imgwatch.errors import (
    AlreadyRestored,
    BeingWritten,
    Changed,
    Conflict,
    DecidedMeanwhile,
    DestinationGone,
    InodesChange,
    MoveFailed,
    MoveRefused,
    OutsideRoots,
    RecordMissing,
    Unavailable,
    shown,
)
from imgwatch.health import Health
from imgwatch.judging import Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, FileState, ReviewState, file_after
from imgwatch.picture.companions import lying_beside, may_follow, may_stand_alone, owner_of
from imgwatch.policy import Destination, Policy
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.moved import Moved
from imgwatch.quarantine.record import Record
from imgwatch.wording import sentence

_MOST_APART_NS = 7 * 86_400 * 10**9  # a film and its picture; cameras begin their numbers anew
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of one picture: the judgement, the state it is in now, and the record if it was moved.

    `moved_to`: where it went from the quarantine, by the rule for its kind. `waits`: it, or something that belongs to
    it, is still being written.
    """

    judged: Judged
    state: FileState
    record: Record | None = None
    waits: bool = False
    moved_to: Path | None = None


class Mover:
    """Moves pictures out of watched folders, and notes in `health` what stands in the way."""

    def __init__(self, quarantine: Quarantine, ledger: Ledger, policy: Policy, health: Health) -> None:
        self._quarantine = quarantine
        self._ledger = ledger
        self._policy = policy
        self.health = health
        self.has_left = True  # perhaps something in the quarantine that is to be moved on: nobody has looked

    def awaits(self, path: Path) -> bool:
        """Return whether a file belongs to a picture that is in quarantine by now, or was moved on from there."""
        return self._owner(path) is not None

    def follow(self, path: Path) -> bool:
        """Move a companion after its picture; return False if that is to be tried again."""
        owner = self._owner(path)
        if owner is None or (isinstance(owner, Moved) and not owner.path.parent.is_dir()):
            return True  # and the next scan asks again: the folder's disk may be away
        try:
            if isinstance(owner, Moved):
                self.has_left = True  # perhaps, whatever fails: what was to be moved on again
                record = self._quarantine.recall(owner, path)
            else:
                record = self._quarantine.join(owner, path)
        except (BeingWritten, RecordMissing):
            return False
        except DecidedMeanwhile:  # the next scan asks again
            return True
        except (MoveFailed, Unavailable) as fault:
            self.health.note_failed_move(fault)
            return False
        except (Changed, MoveRefused, OutsideRoots) as refusal:
            log.warning("%s: left where it is: %s", path, refusal)
            identity = scan.identity_of(path)
            if identity is not None:
                self._ledger.remember([Row(path, identity, file_after(FileEvent.NOT_A_PICTURE))], time.time())
            return True
        self.health.note_good_move()
        moved_to = self._move_on(record) if isinstance(owner, Moved) else None
        self._ledger.forget([path])
        count_history(self._quarantine, self._ledger)
        went_to = f"quarantine {record.id}" if moved_to is None else moved_to.parent
        log.info("%s -> %s: belongs to %s", path, went_to, Path(record.original).name)
        return True

    def _owner(self, path: Path) -> Record | Moved | None:
        """Return the picture that a file belongs to, if that has left the folder."""
        if not self._policy.together or self._policy.only_reports(path) or not may_follow(path.name):
            return None
        records = {Path(record.original).name: record for record in self._quarantine.namesakes(path)}
        moved = self._quarantine.moved_beside(path)
        owner = owner_of(path, moved.keys() | records.keys())
        if owner is None:
            return None
        if owner in records:
            return records[owner]
        record = self._quarantine.read_moved(moved[owner])
        return record if record is not None and _fits(path, record) else None

    def _companions(self, path: Path) -> Sequence[str]:
        """Return the names of a picture's companions, without those that it shares with a picture in quarantine."""
        companions = lying_beside(path) if self._policy.together else []
        if companions:
            others = [Path(record.original).name for record in self._quarantine.namesakes(path)]
            companions = lying_beside(path, others)
        return [name for name in companions if not self._policy.ignores(path.parent / name)]

    def move(self, judged: Judged) -> Result:
        """Move a picture that was judged junk, with its companions: to the quarantine, and from there to its folder."""
        pending = FileState.PENDING
        try:
            companions = self._companions(judged.path)
            destination = self._destination(judged)
            folder = None if destination is None else destination.folder
            record = self._quarantine.quarantine(
                judged.path, judged.identity, judged.judgement, companions, folder
            )
        except AlreadyRestored:
            return Result(judged, file_after(FileEvent.WAS_RESTORED_BEFORE, pending))
        except BeingWritten:
            return Result(judged, pending, waits=True)
        except (Changed, FileNotFoundError):
            return Result(judged, pending)  # another version, which will be noticed and judged as such
        except InodesChange as refusal:
            self.health.note_changing_inodes(refusal)
            return Result(judged, file_after(FileEvent.MOVE_REFUSED, pending))
        except (MoveRefused, OutsideRoots) as refusal:
            log.warning("%s: left where it is: %s", judged.path, refusal)
            return Result(judged, file_after(FileEvent.MOVE_REFUSED, pending))
        except DestinationGone as gone:
            self.health.note_failed_destination(gone)
            return Result(judged, pending)
        except (MoveFailed, Unavailable) as fault:
            self.health.note_failed_move(fault)
            return Result(judged, pending)
        self.health.note_good_move()
        others = "".join(f" + {companion.name}" for companion in record.companions)
        moved_to = None if destination is None else self._move_on(record)
        if destination is not None and moved_to is not None:
            self._ledger.facts.put_device(destination.base, destination.base.stat().st_dev)
        log.info(
            "%s%s -> %s: %s",
            judged.path,
            others,
            f"quarantine {record.id}" if moved_to is None else moved_to,
            sentence(judged.judgement.reason),
        )
        return Result(judged, pending, record, moved_to=moved_to)

    def _destination(self, judged: Judged) -> Destination | None:
        """Return the folder that a picture goes to, if not the quarantine. Raises DestinationGone."""
        destination = self._policy.destination(judged)
        if destination is None:
            return None
        device = self._ledger.facts.device_of(destination.base)
        if device is not None and _is_gone(destination.base, device):
            raise DestinationGone(
                f"{shown(destination.base)}, the folder for pictures of this kind, is missing, or its "
                "disk is not mounted: mount it, or make the folder; if it exists but is empty, "
                f"put a file into it; {shown(judged.path)} stays",
                errno.ENOENT,
            )
        return destination

    def _move_on(self, record: Record) -> Path | None:
        """Move a picture from the quarantine to its destination; if that fails, it stays there until it can be done."""
        try:
            path = self._quarantine.move_on(record, ReviewState.OPEN)
        except (DecidedMeanwhile, RecordMissing):  # the user was quicker
            return None
        except (OutsideRoots, Conflict) as refusal:
            log.warning("%s: left in quarantine as %s: %s", record.original, record.id, refusal)
            return None
        except (MoveFailed, Unavailable) as fault:
            self.health.note_failed_destination(fault)
            self.has_left = True
            return None
        self.health.note_good_destination()
        return path

    def move_on_left(self) -> None:
        """Move on the pictures that this process, or a killed one, left in the quarantine on their way."""
        self.has_left = False
        for record in self._quarantine.on_the_way():
            path = self._move_on(record)
            if path is not None:
                log.info("%s -> %s", record.original, path)


def _fits(path: Path, moved: Moved) -> bool:
    """Return whether a file belongs to a picture that was moved on, and not to a later one of the same name."""
    try:
        apart_ns = abs(path.stat().st_mtime_ns - moved.record.metadata.mtime_ns)
    except OSError:
        return False
    return not may_stand_alone(path.name) or apart_ns <= _MOST_APART_NS


def _is_gone(folder: Path, device: int) -> bool:
    """Return whether a folder that was on this device is not there, or only a bare mount point is."""
    if not folder.is_dir():
        return True
    return folder.stat().st_dev != device and next(folder.iterdir(), None) is None
