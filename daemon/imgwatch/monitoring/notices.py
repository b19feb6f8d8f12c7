"""What is worth a message: an open breaker, a lasting trouble, the week's quarantined pictures.

`notifier` sends it. The loop calls it; what must outlive a restart is a fact of the ledger, noted once the
message has gone out.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from imgwatch.errors import IoFailed, Unavailable
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import Event, FileState
from imgwatch.monitoring.digest import figures
from imgwatch.monitoring.lasting import LastingTroubles
from imgwatch.monitoring.notifier import Delivery, Message, Notifier
from imgwatch.quarantine import Quarantine
from imgwatch.settings.notify import NotifySettings
from imgwatch.status import Pulse
from imgwatch.wording import counted

MOST_SHOWN = 20  # pictures on a contact sheet, the latest
_BREAKER = "breaker"
_DECIDED = (Event.RESTORED, Event.BINNED, Event.DELETED)
_TAKEN_BACK = (Event.REOPENED, Event.WITHDRAWN)


class Notices:
    """Queues messages when they are due. `publish` and `keep_house` return at once."""

    def __init__(  # noqa: PLR0913 - what it looks at; the last two are seams, with defaults
        self,
        settings: NotifySettings,
        ledger: Ledger,
        quarantine: Path,
        notifier: Notifier,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._settings, self._ledger, self._quarantine = settings, ledger, quarantine
        self._notifier, self._clock, self._now = notifier, clock, now
        announced = json.loads(ledger.facts.announced or "{}")
        self._is_breaker_announced = announced.pop(_BREAKER, None) is not None
        self._lasting = LastingTroubles(announced)
        self._on_the_way: list[tuple[Delivery, Callable[[], None]]] = []
        self._digest: Delivery | None = None

    @property
    def trouble(self) -> str | None:
        """Return why no message gets through; None if they do."""
        return self._notifier.trouble

    @property
    def outcomes(self) -> Mapping[str, int]:
        """Return how many messages were sent, failed and were abandoned."""
        return dict(self._notifier.outcomes)

    def publish(self, pulse: Pulse, more: Mapping[str, str]) -> None:
        """Look at the daemon's state, and at `more` troubles by cause; queue what is due. Raises nothing."""
        with suppress(IoFailed, Unavailable):  # the loop notices by itself, and says so
            self._remember_sent()
            if "breaker" in self._settings.about:
                self._look_at_breaker(pulse.breaker == "open")
        if "trouble" in self._settings.about:
            causes = dict(zip(pulse.causes, pulse.troubles, strict=False)) | dict(more)
            for sentence, has_ended in self._lasting.look(causes, self._clock()):
                self._note(trouble_message(sentence, has_ended), self._put_announced)

    def keep_house(self) -> None:
        """Queue the digest if it is due, about all days since the last one."""
        days, facts = self._settings.digest_days, self._ledger.facts
        if days is None or self._digest is not None:
            return
        today = self._now().date()
        if facts.last_message_digest is None:
            facts.put_last_message_digest(today.isoformat())
        since = datetime.fromisoformat(facts.last_message_digest or today.isoformat())
        if today < (since + timedelta(days=days)).date():
            return
        counts: Counter[str] = Counter()
        for date, counted_then in self._ledger.counts.days(since.timestamp()).items():
            if date < today.isoformat():
                counts.update(counted_then)
        until = datetime.combine(today, datetime.min.time())
        link = self._settings.link
        self._digest = self._notifier.note(
            lambda: digest_message(self._quarantine, counts, since, until, link)
        )
        self._on_the_way.append((self._digest, lambda: self._put_digest(today.isoformat())))

    def close(self) -> None:
        """Stop the threads and children beside the loop."""
        with suppress(IoFailed, Unavailable):
            self._remember_sent()
        self._notifier.close()

    def _look_at_breaker(self, is_open: bool) -> None:
        if is_open and not self._is_breaker_announced:
            why = self._ledger.facts.breaker_reason or "too much would be quarantined at once"
            held = len(self._ledger.waiting(FileState.HELD))
            self._is_breaker_announced = True
            self._note(breaker_message(why, held, self._settings.link), self._put_announced)
        elif not is_open and self._is_breaker_announced:
            self._is_breaker_announced = False
            self._put_announced()

    def _note(self, message: Message, remember: Callable[[], None]) -> None:
        self._on_the_way.append((self._notifier.note(lambda: message), remember))

    def _remember_sent(self) -> None:
        for delivery, remember in [entry for entry in self._on_the_way if entry[0].is_over]:
            remember()
            self._on_the_way.remove((delivery, remember))

    def _put_announced(self) -> None:
        breaker = {_BREAKER: ""} if self._is_breaker_announced else {}
        self._ledger.facts.put_announced(json.dumps(self._lasting.announced | breaker))

    def _put_digest(self, day: str) -> None:
        self._ledger.facts.put_last_message_digest(day)
        self._digest = None


def breaker_message(why: str, held: int, link: str | None) -> Message:
    """Return the message that the breaker has opened."""
    return Message(
        "imgwatch: the breaker is open, nothing is moved",
        f"{why}. {counted(held, 'picture')} held back in place so far.\n"
        "Look at them: imgwatch status --list held, or imgwatch review. Continue: imgwatch resume"
        + _linked(link),
    )


def trouble_message(sentence: str, has_ended: bool) -> Message:
    """Return the message about a trouble that lasts, or has ended."""
    if has_ended:
        return Message("imgwatch: a problem is over", f"This problem is over: {sentence}")
    return Message(
        "imgwatch: there is a problem", f"{sentence}\nSee: imgwatch status; what to do: imgwatch doctor"
    )


def digest_message(
    path: Path, counts: Mapping[str, int], since: datetime, until: datetime, link: str | None
) -> Message:
    """Return the message about the time between two days, with the quarantined pictures."""
    quarantine = Quarantine(path, ())  # of its own: the loop's belongs to the loop's thread
    taken: dict[str, str] = {}
    decided: set[str] = set()
    for entry in quarantine.history():
        if not since.timestamp() <= entry.at.timestamp() < until.timestamp():
            continue
        if entry.event is Event.QUARANTINED:
            taken[entry.record.id] = entry.record.judgement.kind or "of no kind"
        elif entry.event in _DECIDED:
            decided.add(entry.record.id)
        elif entry.event in _TAKEN_BACK:
            decided.discard(entry.record.id)
    kinds = Counter(taken.values())
    waiting = list(quarantine.list())
    pictures = [quarantine.picture(record) for record in waiting if record.id in taken][-MOST_SHOWN:]
    by_kind = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    lines = [
        f"{since:%Y-%m-%d} to {until - timedelta(days=1):%Y-%m-%d}: {figures(counts)}",
        f"taken: {by_kind or 'nothing'}",
        f"decided: {len(decided):,}",
        f"waiting for you: {len(waiting):,}",
    ]
    return Message(
        f"imgwatch: {counted(sum(kinds.values()), 'picture')} taken",
        "\n".join(lines) + _linked(link),
        pictures,
    )


def _linked(link: str | None) -> str:
    return f"\n{link}" if link else ""
