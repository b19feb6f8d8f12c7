"""How `imgwatch rescan` prints and counts what became of the pictures, or would become of them in a dry run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.commands.judged_line import say_judged

if TYPE_CHECKING:
    from imgwatch.judging import Judged
    from imgwatch.moving import Result
    from imgwatch.picture.formats import Format
    from imgwatch.policy import Policy


class Results:
    """Prints what became of each picture, counts verdicts and moves, and says them in one line."""

    def __init__(self, as_json: bool, *, is_dry: bool = False) -> None:
        self._as_json = as_json
        self._is_dry = is_dry
        self._verdicts: Counter[str] = Counter()
        self._quarantined = self._moved_on = 0  # the latter to the folders for their kinds

    @property
    def judged(self) -> int:
        """The number of pictures so far, of which some were moved as copies."""
        return self._verdicts.total()

    def add(self, result: Result) -> None:
        """Print and count a result."""
        record, judged = result.record, result.judged
        if record is None:
            say_judged(judged, self._as_json)
        else:
            where = {} if result.moved_to is None else {"becomes": f"{result.moved_to}, as {record.id}"}
            say_judged(judged, self._as_json, moved_to=record.file, id=record.id, **where)
        self._verdicts[judged.judgement.verdict] += 1
        self._quarantined += record is not None and result.moved_to is None
        self._moved_on += result.moved_to is not None

    def add_dry(self, judgements: Iterable[Judged], policy: Policy) -> None:
        """Print and count judgements, junk last, with what would happen to the pictures."""
        junk: list[Judged] = []
        for judged in chain(set_junk_apart(judgements, junk), junk):
            say_judged(judged, self._as_json, becomes=_becomes(policy, judged))
            self._verdicts[judged.judgement.verdict] += 1

    def say_summary(self) -> None:
        """Print the outcome, or in a dry run what it would be, for people."""
        if not self._as_json:
            kept, unreadable = self._verdicts["keep"], self._verdicts["unreadable"]
            console.say(f"{self.judged} judged: {kept} kept, {self._what_of_junk()}, {unreadable} unreadable")

    def _what_of_junk(self) -> str:
        junk = self._verdicts["quarantine"]
        if self._is_dry:
            return f"{junk} judged junk"
        stay = junk - self._quarantined - self._moved_on
        left = f", {stay} left in place" if stay > 0 else ""
        to_folders = f", {self._moved_on} moved to the folders for their kinds" if self._moved_on else ""
        return f"{self._quarantined} quarantined (`imgwatch quarantine list`){to_folders}{left}"


def set_junk_apart(judgements: Iterable[Judged], junk: list[Judged]) -> Iterator[Judged]:
    """Yield judgements that are not junk, to be remembered at once; append junk to `junk` until its amount is known."""
    for judged in judgements:
        if judged.judgement.verdict == "quarantine":
            junk.append(judged)
        else:
            yield judged


def say_unread(unread: Counter[Format]) -> None:
    """Print to stderr how many files of which formats were not looked at."""
    for known, count in unread.items():
        console.complain(known.left_alone(count))


def _becomes(policy: Policy, judged: Judged) -> str | None:
    """Return what would happen to junk: where the picture would go and when, or why it would stay."""
    from imgwatch.lifecycle import FileEvent

    event, due = policy.outcome(judged, time.time())
    if event is FileEvent.JUDGED_JUNK_OF_A_KEPT_KIND:
        return f"stays: kinds.{judged.judgement.kind} is keep"
    if event is FileEvent.JUDGED_JUNK_IN_REPORT_MODE:
        return "stays: only reported"
    if event not in (FileEvent.JUDGED_JUNK, FileEvent.JUDGED_JUNK_AND_YOUNG):
        return None
    destination = policy.destination(judged)
    where = "to quarantine" if destination is None else f"to {destination.folder}"
    return where if due is None else f"{where} on {datetime.fromtimestamp(due):%Y-%m-%d}"
