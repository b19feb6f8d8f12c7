"""Times of files as dates for people. A file system may keep times that no calendar of Python has."""

from __future__ import annotations

from datetime import UTC, datetime

_FIRST, _LAST = -62_135_500_000.0, 253_402_200_000.0  # in the years 1 and 9999, a day from their ends


def local_time(seconds: float) -> datetime:
    """Return a time since 1970 in the computer's time zone; one out of the range of dates as the nearest date."""
    return datetime.fromtimestamp(min(max(seconds, _FIRST), _LAST), UTC).astimezone()
