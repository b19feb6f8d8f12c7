"""Checks whether the clock can be right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from imgwatch.doctor.finding import Finding, Subject, fault, ok, warning
from imgwatch.quarantine import Quarantine

_MIN_YEAR = 2025  # no clock was right before this program was written


def check_clock(subject: Subject) -> Iterator[Finding]:
    """Check the clock against the quarantine's log; settling and timeouts do not depend on it."""
    quarantine = subject.settings.quarantine.path
    now = datetime.fromtimestamp(time.time()).astimezone()
    set_it = "timedatectl set-ntp true"
    if now.year < _MIN_YEAR:
        yield fault(f"the clock says {now:%Y-%m-%d}: records would be dated wrongly", set_it)
        return
    newest = (
        max((entry.at for entry in Quarantine(quarantine).history()), default=None)
        if quarantine.exists()
        else None
    )
    if newest is not None and newest.timestamp() > now.timestamp() + 60:
        yield warning(
            f"the clock is behind the quarantine's log ({newest:%Y-%m-%d %H:%M}): nothing is purged by age",
            set_it,
        )
    else:
        yield ok(f"clock: {now:%Y-%m-%d %H:%M}")
