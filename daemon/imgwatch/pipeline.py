"""Judge candidates and put each where it belongs: the way of a picture, once, for the daemon and for `rescan`.

Remember first, move second: a killed process leaves a row that says PENDING, and the picture is taken up again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import msgspec

from imgwatch import scan
from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.errors import AlreadyRestored, Changed, MoveFailed, MoveRefused, OutsideRoots, Unavailable
from imgwatch.judgement import Reason, ReasonCode, Verdict
from imgwatch.judging import BATCH, Judge, Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, FileState, file_after
from imgwatch.quarantine import Quarantine
from imgwatch.quarantine.record import Record
from imgwatch.settings import Settings
from imgwatch.wording import sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sorted:
    """What became of one picture: the judgement, the state it is in now, and the record if it was moved."""

    judged: Judged
    state: FileState
    record: Record | None = None


@dataclass(frozen=True)
class Policy:
    """What is done with a verdict."""

    report_only: bool = False
    move_unreadable: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """Take the policy from the config."""
        return cls(settings.mode == "report", settings.unreadable == "quarantine")


class Sorter:
    """Sorts pictures by a judge, into the quarantine, noting all in the ledger."""

    def __init__(
        self,
        judge: Callable[[], Judge],
        quarantine: Quarantine,
        ledger: Ledger,
        policy: Policy,
        breaker: Breaker | None = None,
    ) -> None:
        self._judge = judge
        self._quarantine = quarantine
        self._ledger = ledger
        self._policy = policy
        self._breaker = breaker
        self.stuck: MoveFailed | Unavailable | None = (
            None  # why the last move failed; None once one succeeded again
        )

    def sort(self, paths: Iterable[Path]) -> Iterator[Sorted]:
        """Judge each path and act on it. Yields one result a picture that was there, in order."""
        return self.put(self._judge().judge(paths))

    def put(self, judged: Iterator[Judged]) -> Iterator[Sorted]:
        """Act on judgements, whoever made them."""
        while batch := list(islice(judged, BATCH)):
            yield from self._sort_batch(batch)

    def _sort_batch(self, batch: Sequence[Judged]) -> list[Sorted]:
        decided = [(judged, self._decide(judged)) for judged in map(self._respect_user, batch)]
        self._ledger.remember((_row(judged, state) for judged, state in decided), time.time())
        done = [
            self._move(judged) if state is FileState.PENDING else Sorted(judged, state)
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
        return done

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
        if verdict is Verdict.UNREADABLE and not self._policy.move_unreadable:
            return file_after(FileEvent.FAILED_TO_DECODE)
        is_junk = verdict is not Verdict.KEEP
        why = self._breaker.note(judged.path, is_junk) if self._breaker is not None else None
        if why is not None:
            log.error("the breaker opened: %s. Nothing is moved until you have looked (`imgwatch rescan --dry-run`) "
                      "and closed it with `imgwatch resume`", why)  # fmt: skip
            self._ledger.facts.open_breaker(why)
        if not is_junk:
            return file_after(FileEvent.JUDGED_NORMAL)
        if self._policy.report_only:
            return file_after(FileEvent.JUDGED_JUNK_IN_REPORT_MODE)
        if self._breaker is not None and self._breaker.is_open:
            return file_after(FileEvent.JUDGED_JUNK_WITH_OPEN_BREAKER)
        return file_after(FileEvent.JUDGED_JUNK)

    def _move(self, judged: Judged) -> Sorted:
        pending = FileState.PENDING
        try:
            record = self._quarantine.quarantine(judged.path, judged.identity, judged.judgement)
        except AlreadyRestored:
            return Sorted(judged, file_after(FileEvent.WAS_RESTORED_BEFORE, pending))
        except (Changed, FileNotFoundError):
            return Sorted(judged, pending)  # another version, which will be noticed and judged as such
        except (MoveRefused, OutsideRoots) as refusal:
            log.warning("%s: left where it is: %s", judged.path, refusal)
            return Sorted(judged, file_after(FileEvent.MOVE_REFUSED, pending))
        except (MoveFailed, Unavailable) as fault:
            self.hold(fault)
            return Sorted(judged, pending)
        self.go_on()
        log.info("%s -> quarantine %s: %s", judged.path, record.id, sentence(judged.judgement.reason))
        return Sorted(judged, pending, record)

    def hold(self, fault: MoveFailed | Unavailable) -> None:
        """Note that nothing can be moved: one line in the log, not one a picture."""
        if self.stuck is None:
            log.error("nothing can be moved into the quarantine just now, tried again later: %s", fault)
        self.stuck = fault

    def go_on(self) -> None:
        """Note that pictures can be moved."""
        if self.stuck is not None:
            log.warning("pictures can be moved into the quarantine again")
            self.stuck = None


def _row(judged: Judged, state: FileState) -> Row:
    return Row(judged.path, judged.identity, state, judged.judgement)


def new_candidates(ledger: Ledger, folder: Path, listing: scan.Listing) -> list[Path]:
    """Return the files of one folder that still want a judgement, noting those that are no pictures."""
    paths = [folder / name for name in ledger.unfinished(folder, listing)]
    fresh = [path for path in paths if scan.is_candidate(path)]
    if len(fresh) < len(paths):
        others = set(paths) - set(fresh)
        ledger.remember((Row(path, listing[path.name], FileState.OTHER) for path in others), time.time())
    return fresh
