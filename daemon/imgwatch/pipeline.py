"""The way of a picture, once, for the daemon and for `rescan`: take, judge, hold until settled, act.

Remember first, move second: a killed process leaves a row that says PENDING, and the picture is taken up again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from imgwatch import scan
from imgwatch.batches import batched
from imgwatch.breaker import Breaker
from imgwatch.decisions import count_history
from imgwatch.duplicates.taking import Duplicates
from imgwatch.errors import (
    ImgwatchError,
)
from imgwatch.familiar import FamiliarPictures
from imgwatch.file_faults import FileFaults
from imgwatch.health import Health
from imgwatch.judgement import Reason, ReasonCode, Verdict
from imgwatch.judging import BATCH, Judge, Judged
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileEvent, FileState, file_after
from imgwatch.moving import Mover, Result
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.timers import Clock
from imgwatch.wording import sentence

if TYPE_CHECKING:
    from imgwatch.watching.settle import Settled

log = logging.getLogger(__name__)


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
        duplicates: Duplicates | None = None,
    ) -> None:
        self._judge = judge
        self._quarantine = quarantine
        self._ledger = ledger
        self.policy = policy
        self._breaker = breaker
        self._opened_why: str | None = None  # of the breaker, until that is logged
        self.mover = Mover(quarantine, ledger, policy, health or Health(time.monotonic, 0.0))
        self.duplicates = duplicates
        self._faults = faults or FileFaults(ledger)
        self._left_alone = FamiliarPictures(quarantine, ledger, spares_existing=policy.spares_existing)

    def run(self, paths: Iterable[Path]) -> Iterator[Result]:
        """Judge each path and act on it; yield a result for each existing picture, in order."""
        return self.act(self._judge().judge(paths))

    def act(self, judged: Iterator[Judged]) -> Iterator[Result]:
        """Act on judgements of any origin; yield the results."""
        for batch in batched(judged, BATCH):
            try:
                results = self._act_on(batch)
            except ImgwatchError:
                raise
            except Exception:  # noqa: BLE001 - about one of the batch: found by acting on each alone
                results = []
                for picture in batch:
                    with self._faults.costing(picture.path):
                        results += self._act_on([picture])
            yield from results

    def _act_on(self, batch: Sequence[Judged]) -> list[Result]:
        earlier: list[Judged] = []
        if self.duplicates is not None:
            batch, earlier = self.duplicates.find_copies(
                batch, lambda judged: self._left_alone.why(judged) is not None
            )
        done = self._act_on_judgements(batch)
        if earlier:
            self._act_on_judgements(earlier)
        return done

    def _act_on_judgements(self, batch: Sequence[Judged]) -> list[Result]:
        decided = [(judged, *self._decide(judged)) for judged in map(self._respect_user, batch)]
        for judged, state, _ in decided:
            if state in (FileState.UNREADABLE, FileState.REPORTED):
                self._report_once(judged, "left where it is" if state is FileState.UNREADABLE else "reported")
        self._ledger.remember((_row(judged, state, due) for judged, state, due in decided), time.time())
        done = [
            self._move(judged) if state is FileState.PENDING else Result(judged, state)
            for judged, state, _ in decided
        ]
        for result in done:
            self._left_alone.note(result)
        gone = [result.judged.path for result in done if result.record is not None]
        changed = [
            _row(result.judged, result.state)
            for result, (_, state, _) in zip(done, decided, strict=True)
            if result.state is not state
        ]
        if changed:
            self._ledger.remember(changed, time.time())
        if gone:
            self._ledger.forget(gone)
            count_history(self._quarantine, self._ledger)
        self._report_breaker()
        return done

    def _move(self, judged: Judged) -> Result:
        """Move a picture; a copy stays if its original is no longer there."""
        if judged.judgement.reason.code is ReasonCode.DUPLICATE and (
            self.duplicates is None or not self.duplicates.has_original(judged)
        ):
            log.warning("%s: left where it is: the picture that it copies no longer exists", judged.path)
            return Result(_kept(judged), file_after(FileEvent.ORIGINAL_GONE, FileState.PENDING))
        result = self.mover.move(judged)
        if result.record is not None and self.duplicates is not None:
            self.duplicates.forget(judged.path)
        return result

    def _report_once(self, judged: Judged, what: str) -> None:
        """Log a file that stays although it is junk or unreadable, once for each version of it."""
        known = self._ledger.known(judged.path)
        if known is None or not known.is_version(judged.identity) or known.model is None:
            log.warning("%s: %s: %s", judged.path, what, sentence(judged.judgement.reason))

    def _report_breaker(self) -> None:
        """Log that the breaker opened, after the last move."""
        if self._opened_why is not None:
            log.error("the breaker opened: %s. Nothing is moved until you have looked (`imgwatch rescan --dry-run`) "
                      "and closed it with `imgwatch resume`", self._opened_why, extra={"cause": "breaker"})  # fmt: skip
            self._opened_why = None

    def _respect_user(self, judged: Judged) -> Judged:
        """Return a judgement that keeps pictures of the first day, and those that the user restored."""
        code = self._left_alone.why(judged)
        return judged if code is None else _kept(judged, code)

    def _decide(self, judged: Judged) -> tuple[FileState, float | None]:
        """Return the state that a picture comes into, and when it is due if that is WAITING."""
        event, due = self.policy.outcome(judged, time.time())
        if event is FileEvent.FAILED_TO_DECODE:
            return file_after(event), None
        takes = self.policy.takes(judged)
        why = self._breaker.note(judged.path, takes) if self._breaker is not None else None
        if why is not None:
            self._ledger.facts.open_breaker(why)
            self._opened_why = why
        if event is FileEvent.JUDGED_JUNK and self._breaker is not None and self._breaker.is_open:
            event = FileEvent.JUDGED_JUNK_WITH_OPEN_BREAKER
        return file_after(event), due

    @property
    def health(self) -> Health:
        """The troubles with moves."""
        return self.mover.health

    def follow(self, path: Path) -> bool:
        """Move a companion after its picture; return False if that is to be tried again."""
        if self._breaker is not None and self._breaker.is_open:
            return False
        return self.mover.follow(path)


def _kept(judged: Judged, code: ReasonCode = ReasonCode.NORMAL) -> Judged:
    """Return a judgement by which the picture stays."""
    kept = msgspec.structs.replace(judged.judgement, verdict=Verdict.KEEP, reason=Reason(code), kind=None)
    return replace(judged, judgement=kept)


def _row(judged: Judged, state: FileState, due: float | None = None) -> Row:
    return Row(judged.path, judged.identity, state, judged.judgement, due=due)


def hold_until_settled(
    judged: Iterable[Judged],
    settled: Mapping[Path, Settled],
    clock: Clock,
    begin_anew: Callable[[Path], object],
) -> Iterator[Judged]:
    """Yield each judgement when its file has settled; one whose file has changed by then goes to `begin_anew`."""
    for picture in judged:
        file = settled[picture.path]
        time.sleep(max(file.since - clock(), 0.0))
        if scan.identity_of(file.path) == file.identity == picture.identity:
            yield picture
        else:
            begin_anew(picture.path)
