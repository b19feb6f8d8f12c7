"""Checks which formats can be read here, and how many files in the watched folders have another."""

from __future__ import annotations

from collections.abc import Iterator

from imgwatch.doctor.finding import Finding, Subject, ok, warning
from imgwatch.errors import ImgwatchError
from imgwatch.ledger import Ledger
from imgwatch.picture.formats import FORMATS, readable


def check_formats(subject: Subject) -> Iterator[Finding]:
    """Check which formats can be read, and count the files that the daemon passed over."""
    yield ok(f"formats that can be read: {', '.join(readable())}")
    if not subject.ledger.exists():
        return
    try:
        ledger = Ledger(subject.ledger, mend=False)
    except ImgwatchError:
        return
    try:
        counts = ledger.passed_over()
    except ImgwatchError:
        return
    finally:
        ledger.close()
    for known in FORMATS:
        if known.name in counts:
            what, _, remedy = known.left_alone(counts[known.name]).partition(": ")
            yield warning(what, remedy)
