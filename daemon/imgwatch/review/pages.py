"""The gallery's own pages: clusters and grid, and the daemon's activity."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from imgwatch.feedback.correction import FEWEST
from imgwatch.feedback.learner import MOST_EXAMPLES
from imgwatch.ledger import Ledger
from imgwatch.lifecycle import FileState
from imgwatch.review import activity
from imgwatch.review.answers import page
from imgwatch.review.parts import Parts
from imgwatch.review.presenter import tilde
from imgwatch.review.waiting import waiting
from imgwatch.reviewers_promise import DAYS, ReviewersPromise
from imgwatch.standard import Standard


class Pages:
    """Answers with pages made from the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, name: str, **shown: Any) -> Response:
        """Answer with a page."""
        self._parts.index.refresh()
        return HTMLResponse(page(name, counts=self._parts.index.counts(), **shown))

    def gallery(self, _: Request) -> Response:
        """Answer with clusters and grid; their pictures come with `pictures`."""
        parts, seen = self._parts, self._parts.explanation
        return self.answer(
            "gallery",
            keep_days=parts.keep_days,
            model_fault=parts.model_fault,
            yours=self._yours(),
            fewest=FEWEST,
            most=MOST_EXAMPLES,
            learns=seen is not None and seen.judge.scorer.reference_set is not None,
        )

    def _yours(self) -> str | None:
        """Return a sentence: how many of the pictures shown are likely the user's own; None while that is unknown."""
        standard = self._parts.standard
        if standard is None or standard.false_alarms is None:
            return None
        with self._parts.open_ledger() as ledger:
            lately = ledger.counts.since(time.time() - DAYS * 86400)
        promise = ReviewersPromise.of_counts(standard.false_alarms, lately)
        return None if promise is None else promise.summary

    def activity(self, _: Request) -> Response:
        """Answer with the daemon's activity."""
        parts = self._parts
        with parts.open_ledger() as ledger:
            shown: dict[str, Any] = {
                "days": activity.days(ledger),
                "unreadable": activity.unreadable(ledger),
                "held": waiting(ledger, FileState.HELD),
                "reported": waiting(ledger, FileState.REPORTED),
                "breaker": "open" if ledger.facts.breaker_is_open else "closed",
                "breaker_reason": ledger.facts.breaker_reason,
                "counters": ledger.counts.totals(),
            }
            if parts.standard is not None:
                shown |= self._scores(ledger, parts.standard)
        return self.answer(
            "activity",
            **shown,
            summary=activity.weekly(shown["days"]),
            bars=activity.bars,
            tilde=lambda folder: tilde(Path(folder)),
            standard=parts.standard,
            status=parts.read_status(),
            model_fault=parts.model_fault,
        )

    def _scores(self, ledger: Ledger, standard: Standard) -> dict[str, Any]:
        scores = activity.gather(ledger, self._parts.index.all().records, standard)
        promises = activity.promises(scores)
        return {
            "histogram": activity.histogram(scores, standard.threshold),
            "promises": promises,
            "drift": activity.drift(ledger, standard),
            "nearest_promise": activity.nearest_promise(standard.threshold, promises),
        }
