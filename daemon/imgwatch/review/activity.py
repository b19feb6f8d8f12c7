"""Figures for the activity page: days, scores and threshold, other promises, drift, unreadable pictures."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from imgwatch.drift import NOT_CALIBRATED, Drift
from imgwatch.errors import shown
from imgwatch.ledger import Ledger
from imgwatch.model.contract import Calibration
from imgwatch.quarantine.record import Record
from imgwatch.review.presenter import tilde
from imgwatch.standard import Standard

DAYS = 28
_BINS = 44
PROMISES = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2)


@dataclass(frozen=True)
class Scores:
    """Scores by the model in use: held-out normal pictures, pictures that were kept, and those in quarantine."""

    calibration: Calibration
    kept: list[float]
    quarantined: list[float]


def days(ledger: Ledger, today: date | None = None) -> list[dict[str, Any]]:
    """Return the last weeks, oldest first: date, judged, quarantined, unreadable, restored."""
    end = today or datetime.now().astimezone().date()
    counted = ledger.counts.days(time.time() - (DAYS + 1) * 86400)
    dates = [end - timedelta(days=ago) for ago in reversed(range(DAYS))]
    names = ("judged", "quarantined", "restored", "unreadable")
    return [
        {"date": day, **{name: counted.get(day.isoformat(), {}).get(name, 0) for name in names}}
        for day in dates
    ]


def gather(ledger: Ledger, records: Sequence[Record], standard: Standard) -> Scores:
    """Return the scores of the last DAYS days."""
    since = time.time() - DAYS * 86400
    begin = datetime.fromtimestamp(since, UTC)
    inside = [
        record.judgement.score
        for record in records
        if record.judgement.model == standard.model
        and record.judgement.score is not None
        and record.quarantined_at >= begin
    ]
    kept = [score for _, score in ledger.scores(standard.model, since)]
    return Scores(standard.contract.calibration, kept, inside)


def histogram(scores: Scores, threshold: float) -> dict[str, Any]:
    """Return the scores counted in bins of equal width; higher scores count in the last bin."""
    normal = scores.calibration.scores
    low, high = min(normal), max(threshold * 1.02, *normal)
    reach = high + (high - low) * 0.6
    edges = np.linspace(low, reach, _BINS + 1)

    def counted(values: Sequence[float]) -> list[int]:
        return [int(n) for n in np.histogram(np.clip(values, low, reach), edges)[0]]

    return {
        "low": float(low),
        "high": float(reach),
        "normal": counted(normal),
        "kept": counted(scores.kept),
        "quarantined": counted(scores.quarantined),
    }


def promises(scores: Scores) -> list[dict[str, Any]]:
    """Return for several promises where the threshold would be, and what would move or come back."""
    kept, inside = sorted(scores.kept), sorted(scores.quarantined)
    choices = []
    for promise in PROMISES:
        threshold = scores.calibration.threshold_for(promise)
        choices.append(
            {
                "promise": promise,
                "threshold": threshold,
                "moves": len(kept) - bisect_right(kept, threshold),
                "returns": bisect_right(inside, threshold),
            }
        )
    return choices


def nearest_promise(threshold: float, choices: Sequence[dict[str, Any]]) -> int:
    """Return the index of the promise whose threshold is nearest to the one in force."""
    return min(range(len(choices)), key=lambda index: abs(choices[index]["threshold"] - threshold))


def drift(ledger: Ledger, standard: Standard) -> dict[str, Any]:
    """Return the state of the drift test for the model in use."""
    if standard.contract.generic:
        return {"drifts": False, "says": NOT_CALIBRATED}
    known = Drift.of(standard.model, ledger.facts.drift)
    return {"drifts": known.drifts, "says": known.summary}


def unreadable(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the latest pictures that could not be read, and why."""
    return [
        {"name": shown(path.name), "folder": tilde(path.parent), "why": shown(why), "at": at}
        for path, why, at in ledger.unreadable(100)
    ]


def bars(values: Sequence[int], height: float) -> list[tuple[float, float]]:
    """Return (top, height) of each bar of a chart that is `height` high, by the largest value."""
    most = max([*values, 1])
    return [(height - height * value / most, height * value / most) for value in values]


def weekly(days: Sequence[dict[str, Any]]) -> str:
    """Return the days in one sentence, for those who do not see the chart."""
    judged, moved = sum(day["judged"] for day in days), sum(day["quarantined"] for day in days)
    busiest = max(days, key=lambda day: int(day["judged"]))
    if not judged:
        return f"Nothing was judged in the last {len(days)} days."
    return (
        f"{judged} pictures judged and {moved} quarantined in the last {len(days)} days; most on "
        f"{busiest['date']:%d %B} ({busiest['judged']})."
    )
