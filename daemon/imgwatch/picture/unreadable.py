"""Why a file cannot be judged: three kinds of exception, the last for reasons that may go away."""

from __future__ import annotations

from imgwatch.judgement import ReasonCode


class Unreadable(Exception):
    """This file cannot be judged; the text is the reason that the user sees."""

    sha256: str | None = None  # of the file's bytes, where they could be read
    code = ReasonCode.UNREADABLE


class NotJudged(Unreadable):
    """This file cannot be judged here, and is not known to be damaged."""

    code = ReasonCode.NOT_JUDGED


class TemporarilyUnreadable(Unreadable):
    """The cause lies outside the file: permissions, a limit, a fault of the disk. It may be gone next time."""

    code = ReasonCode.TEMPORARILY_UNREADABLE
