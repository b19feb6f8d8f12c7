"""Why a file cannot be judged: three kinds, of which the last may be gone another time."""

from __future__ import annotations

from imgwatch.judgement import ReasonCode


class Unreadable(Exception):
    """This file cannot be judged; the text is the reason that the user is told."""

    sha256: str | None = None  # of the file's bytes, where they could be read
    code = ReasonCode.UNREADABLE


class NotJudged(Unreadable):
    """This file cannot be judged here, and is not damaged for all that is known."""

    code = ReasonCode.NOT_JUDGED


class TemporarilyUnreadable(Unreadable):
    """What stands in the way lies outside of the file: rights, a limit, a disk's fault. It may be gone another time."""

    code = ReasonCode.TEMPORARILY_UNREADABLE
