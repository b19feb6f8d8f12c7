"""The digest: one line in the log each day, about the day before. The ledger counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from imgwatch.ledger import Ledger

log = logging.getLogger(__name__)

_MORE = {
    "moved": "moved on to the folder for their kind",
    "restored": "restored",
    "deleted": "deleted for good",
    "purged": "purged by the limits",
}


class Digest:
    """Logs a line about yesterday once a day, also across restarts; after days without a daemon, only one."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime] = datetime.now) -> None:
        self._ledger = ledger
        self._now = now
        self._today: str | None = None

    def log_if_due(self) -> None:
        """Log the line if a new day has begun. Cheap otherwise."""
        now = self._now()
        today = now.date().isoformat()
        if today == self._today:
            return
        before = self._ledger.facts.last_digest
        if before is not None and before < today:  # not for a clock that was put back
            yesterday = (now - timedelta(days=1)).date()
            since = datetime.combine(yesterday, datetime.min.time()).timestamp()
            log.info("%s", line(self._ledger.counts.days(since).get(yesterday.isoformat(), {})))
        if before is None or before < today:
            self._ledger.facts.put_last_digest(today)
        self._today = today


def line(counts: Mapping[str, int]) -> str:
    """Return the line for the counts of one day."""
    return f"yesterday: {figures(counts)}"


def figures(counts: Mapping[str, int]) -> str:
    """Return the counts of some days in words."""
    judged, moved = counts.get("judged", 0), counts.get("quarantined", 0)
    share = f" ({_percent(moved / judged)})" if judged and moved else ""
    more = [f"{counts[name]} {words}" for name, words in _MORE.items() if counts.get(name)]
    counted = [
        f"{judged} judged",
        f"{moved} quarantined{share}",
        f"{counts.get('unreadable', 0)} unreadable",
        *more,
    ]
    return ", ".join(counted)


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"
