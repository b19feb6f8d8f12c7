"""Wait at the start for a disk that fails, instead of ending and being started again and again.

`service` handles later failures, while the daemon watches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from imgwatch.errors import ImgwatchError

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
_Opened = TypeVar("_Opened")


def open_when_possible(
    attempt: Callable[[], _Opened],
    waits_for: tuple[type[ImgwatchError], ...],
    must_stop: Callable[[], bool],
    report: Callable[[str], None],
) -> _Opened | None:
    """Return the result of `attempt` once it works; None if stopped. `report` gets the reason of each failure."""
    is_logged = False
    while not must_stop():
        try:
            result = attempt()
        except waits_for as fault:
            if not is_logged:  # one line, not one a try
                log.error(
                    "cannot start yet, tried again every %g s: %s",
                    RETRY_SECONDS,
                    fault,
                    extra={"cause": "start"},
                )
            is_logged = True
            report(str(fault))
        else:
            if is_logged:
                log.info("what was waited for is there", extra={"cause": "start"})
            return result
        until = time.monotonic() + RETRY_SECONDS
        while not must_stop() and time.monotonic() < until:
            time.sleep(0.2)  # a signal's handler runs, but does not end a longer sleep
    return None
