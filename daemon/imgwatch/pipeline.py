"""The way of a picture, once, for the daemon and for `rescan`: take, judge, hold until settled, act.

Remember first, move second: a killed process leaves a row that says PENDING, and the picture is taken up again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from imgwatch import scan
from imgwatch.batches import batched
from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.errors import (
    AlreadyRestored,
    BeingWritten,
    Changed,
    ImgwatchError,
    MoveFailed,
    MoveRefused,
    OutsideRoots,
    RecordMissing,
    Unavailable,
)
from imgwatch.file_faults import FileFaults
from imgwatch.health import Health
from imgwatch.judgement import Reason, ReasonCode, Verdict
from imgwatch.judging import BATCH, Judge, Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, FileState, file_after
from imgwatch.picture.companions import lying_beside, may_follow, owner_of
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.settings import Settings
from imgwatch.timers import Clock
from imgwatch.wording import sentence

if TYPE_CHECKING:
    from imgwatch.watching.settle import Settled

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of one picture: the judgement, the state it is in now, and the record if it was moved.

    `waits`: it, or something that belongs to it, is still being written.
    """

    judged: Judged
    state: FileState
    record: Record | None = None
    waits: bool = False


@dataclass(frozen=True)
class Policy:
    """What is done with a verdict."""

    report_only: bool = False
    move_unreadable: bool = False
    together: bool = True  # a picture and what belongs to it
    scopes: tuple[scan.Scope, ...] = ()  # what they ignore belongs to no picture

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """Take the policy from the config."""
        return cls(
            settings.mode == "report",
            settings.unreadable == "quarantine",
            settings.companions == "together",
            tuple(scan.Scope(watch.path.resolve(), ignore=watch.ignore) for watch in settings.watch),
        )

    def ignores(self, path: Path) -> bool:
        """Tell whether a file in a watched folder is to be left alone by its name."""
        return any(scope.ignores(path) for scope in self.scopes)


class Pipeline:
    """Judges pictures and acts on the judgements: into the quarantine or not, all noted in the ledger."""

    def __init__(  # noqa: PLR0913 - the parts that it joins; each is made elsewhere
        self,
        judge: Callable[[], Judge],
        quarantine: Quarantine,
        ledger: Ledger,
        policy: Policy,
        breaker: Breaker | None = None,
        health: Health | None = None,
        faults: FileFaults | None = None,
    ) -> None:
        self._judge = judge
        self._quarantine = quarantine
        self._ledger = ledger
        self._policy = policy
        self._breaker = breaker
        self._opened_why: str | None = None  # of the breaker, until that is logged
        self.health = health or Health(time.monotonic, 0.0)
        self._faults = faults or FileFaults(ledger)

    def run(self, paths: Iterable[Path]) -> Iterator[Result]:
        """Judge each path and act on it. Yields one result a picture that was there, in order."""
        return self.act(self._judge().judge(paths))

    def act(self, judged: Iterator[Judged]) -> Iterator[Result]:
        """Act on judgements, whoever made them."""
        for batch in batched(judged, BATCH):
            try:
                results = self._act_on(batch)
            except ImgwatchError:
                raise
            except Exception:  # noqa: BLE001 - about one of the batch: found by acting on each alone
                results = []
                for one in batch:
                    with self._faults.costing(one.path):
                        results += self._act_on([one])
            yield from results

    def _act_on(self, batch: Sequence[Judged]) -> list[Result]:
        decided = [(judged, self._decide(judged)) for judged in map(self._respect_user, batch)]
        for judged, state in decided:
            if state is FileState.UNREADABLE:
                self._report_unreadable(judged)
        self._ledger.remember((_row(judged, state) for judged, state in decided), time.time())
        done = [
            self._move(judged) if state is FileState.PENDING else Result(judged, state)
            for judged, state in decided
        ]
        gone = [result.judged.path for result in done if result.record is not None]
        changed = [
            _row(result.judged, result.state)
            for result, (_, state) in zip(done, decided, strict=True)
            if result.state is not state
        ]
        if changed:
            self._ledger.remember(changed, time.time())
        if gone:
            self._ledger.forget(gone)
            count_history(self._quarantine, self._ledger)
        self._report_breaker()
        return done

    def _report_unreadable(self, judged: Judged) -> None:
        """Name a file that could not be read, once for each version of it."""
        known = self._ledger.known(judged.path)
        if known is None or not known.is_version(judged.identity) or known.model is None:
            log.warning("%s: left where it is: %s", judged.path, sentence(judged.judgement.reason))

    def _report_breaker(self) -> None:
        """Say that the breaker opened, behind the last move."""
        if self._opened_why is not None:
            log.error("the breaker opened: %s. Nothing is moved until you have looked (`imgwatch rescan --dry-run`) "
                      "and closed it with `imgwatch resume`", self._opened_why)  # fmt: skip
            self._opened_why = None

    def _respect_user(self, judged: Judged) -> Judged:
        """A picture that the user restored is normal, whatever the model says."""
        judgement = judged.judgement
        if (
            judgement.verdict is not Verdict.KEEP
            and judgement.sha256
            and self._quarantine.was_restored(judgement.sha256)
        ):
            kept = msgspec.structs.replace(
                judgement, verdict=Verdict.KEEP, reason=Reason(ReasonCode.RESTORED), kind=None
            )
            return replace(judged, judgement=kept)
        return judged

    def _decide(self, judged: Judged) -> FileState:
        verdict = judged.judgement.verdict
        is_damaged = judged.judgement.reason.code is ReasonCode.UNREADABLE
        if verdict is Verdict.UNREADABLE and not (is_damaged and self._policy.move_unreadable):
            return file_after(FileEvent.FAILED_TO_DECODE)
        is_junk = verdict is not Verdict.KEEP
        why = self._breaker.note(judged.path, is_junk) if self._breaker is not None else None
        if why is not None:
            self._ledger.facts.open_breaker(why)
            self._opened_why = why
        if not is_junk:
            return file_after(FileEvent.JUDGED_NORMAL)
        if self._policy.report_only:
            return file_after(FileEvent.JUDGED_JUNK_IN_REPORT_MODE)
        if self._breaker is not None and self._breaker.is_open:
            return file_after(FileEvent.JUDGED_JUNK_WITH_OPEN_BREAKER)
        return file_after(FileEvent.JUDGED_JUNK)

    def awaits(self, path: Path) -> bool:
        """Tell whether a file belongs to a picture that is in quarantine by now."""
        return self._owner(path) is not None

    def follow(self, path: Path) -> bool:
        """Move a file after the picture that it belongs to; return False if that is to be tried again."""
        if self._breaker is not None and self._breaker.is_open:
            return False
        record = self._owner(path)
        if record is None:
            return True
        try:
            self._quarantine.join(record, path)
        except (BeingWritten, RecordMissing):
            return False
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
        count_history(self._quarantine, self._ledger)
        log.info("%s -> quarantine %s: belongs to %s", path, record.id, Path(record.original).name)
        return True

    def _owner(self, path: Path) -> Record | None:
        if not self._policy.together or self._policy.report_only or not may_follow(path.name):
            return None
        records = {Path(record.original).name: record for record in self._quarantine.namesakes(path)}
        owner = owner_of(path, records)
        return None if owner is None else records[owner]

    def _companions(self, path: Path) -> Sequence[str]:
        """Return the names of what goes with a picture; what it shares with one in quarantine stays."""
        companions = lying_beside(path) if self._policy.together else []
        if companions:
            others = [Path(record.original).name for record in self._quarantine.namesakes(path)]
            companions = lying_beside(path, others)
        return [name for name in companions if not self._policy.ignores(path.parent / name)]

    def _move(self, judged: Judged) -> Result:
        pending = FileState.PENDING
        try:
            companions = self._companions(judged.path)
            record = self._quarantine.quarantine(judged.path, judged.identity, judged.judgement, companions)
        except AlreadyRestored:
            return Result(judged, file_after(FileEvent.WAS_RESTORED_BEFORE, pending))
        except BeingWritten:
            return Result(judged, pending, waits=True)
        except (Changed, FileNotFoundError):
            return Result(judged, pending)  # another version, which will be noticed and judged as such
        except (MoveRefused, OutsideRoots) as refusal:
            log.warning("%s: left where it is: %s", judged.path, refusal)
            return Result(judged, file_after(FileEvent.MOVE_REFUSED, pending))
        except (MoveFailed, Unavailable) as fault:
            self.health.note_failed_move(fault)
            return Result(judged, pending)
        self.health.note_good_move()
        others = "".join(f" + {one.name}" for one in record.companions)
        log.info(
            "%s%s -> quarantine %s: %s", judged.path, others, record.id, sentence(judged.judgement.reason)
        )
        return Result(judged, pending, record)


def _row(judged: Judged, state: FileState) -> Row:
    return Row(judged.path, judged.identity, state, judged.judgement)


def hold_until_settled(
    judged: Iterable[Judged],
    settled: Mapping[Path, Settled],
    clock: Clock,
    begin_anew: Callable[[Path], object],
) -> Iterator[Judged]:
    """Hand on each judgement when its file has settled; one whose file is another by then goes to `begin_anew`."""
    for picture in judged:
        file = settled[picture.path]
        time.sleep(max(file.since - clock(), 0.0))
        if scan.identity_of(file.path) == file.identity == picture.identity:
            yield picture
        else:
            begin_anew(picture.path)
