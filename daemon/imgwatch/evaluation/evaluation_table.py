"""Evaluations as text: a table for a terminal, JSON for programs. It needs no extra."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from imgwatch.evaluation.by_kind import NamedKinds
from imgwatch.evaluation.evaluate import Evaluation
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.evaluation.metrics import AtThreshold, Metrics

HEADER = (
    "junk", "pictures", "unreadable", "AUROC", "95 %", "precision@100",
    "caught at 0.5 %", "at 1 %", "at 5 %", "at the threshold",
)  # fmt: skip


def lines_of(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Yield each evaluation as a table of text."""
    for evaluation in evaluations:
        yield f"{evaluation.model} ({evaluation.architecture}, threshold {evaluation.threshold:.5g})"
        rows = [HEADER, *rows_of(evaluation)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
        for row in rows:
            name, *cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            yield "  ".join((name.strip().ljust(widths[0]), *cells)).rstrip()
        yield f"normal: {false_alarms(evaluation)}"
        yield "by kind, at the threshold:"
        yield from map(_kinds, evaluation.kinds)
        yield ""


def _kinds(named: NamedKinds) -> str:
    """Return a line: how many of a folder's pictures are called junk, and of which kind."""
    right = "" if named.right is None else f", {named.right} of them named right ({named.expected})"
    low, high = clopper_pearson(named.taken, named.pictures)
    kinds = ", ".join(f"{count} {kind}" for kind, count in named.named.items())
    share = f"{named.taken} of {named.pictures} taken ({100 * low:.0f} % to {100 * high:.0f} %){right}"
    return f"  {named.folder.name}: {share}{': ' if kinds else ''}{kinds}"


def json_of(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    """Yield each evaluation as one JSON object on a line."""
    return (json.dumps(evaluation.facts()) for evaluation in evaluations)


def rows_of(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Return a row of cells for each folder of junk, and one for all if there are several."""
    rows = [
        _row(folder.path.name, metrics)
        for folder, metrics in zip(evaluation.junk, evaluation.by_folder, strict=True)
    ]
    return rows if len(rows) == 1 else [*rows, _row("all", evaluation.overall)]


def _row(name: str, metrics: Metrics) -> tuple[str, ...]:
    return (
        name,
        str(metrics.junk),
        str(metrics.unreadable),
        f"{metrics.auroc:.3f}",
        f"{metrics.auroc_low:.3f}-{metrics.auroc_high:.3f}",
        f"{metrics.precision_at_100:.2f}",
        *(f"{at.caught:.2f}" for at in (*metrics.at, metrics.at_threshold)),
    )


def false_alarms(evaluation: Evaluation) -> str:
    """Return a line: the false alarms at each threshold, and the rates for which the calibration was too small."""
    metrics, known = evaluation.overall, evaluation.calibrated_on
    targets = [(at.false_alarms, at) for at in metrics.at if at.false_alarms]
    unattainable = [f"{100 * target:.1f} %" for target, _ in targets if (known + 1) * target < 1]
    too_few = (
        f" (calibrated on {known} pictures, too few for {' and '.join(unattainable)})" if unattainable else ""
    )
    rates = [f"{_range(at)} where {100 * target:.1f} % was promised" for target, at in targets]
    rates.append(f"{_range(metrics.at_threshold)} at the model's threshold")
    return f"{metrics.normal} pictures; false alarms: {', '.join(rates)}{too_few}"


def _range(at: AtThreshold) -> str:
    return f"{100 * at.realised_false_alarms:.1f} % ({100 * at.realised_low:.1f} % to {100 * at.realised_high:.1f} %)"
