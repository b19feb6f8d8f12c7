"""The rows of the ledger's table of files: what is written and read, and how it lies in the columns."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec

from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict, in_words
from imgwatch.lifecycle import FileState

UNFINISHED = (FileState.PENDING, FileState.UNSEEN)


class Row(msgspec.Struct, frozen=True):
    """What is remembered of one file."""

    path: Path
    identity: Identity
    state: FileState
    judgement: Judgement | None = None
    left_alone_as: str | None = None  # the name of a format that is not read
    due: float | None = None  # when what is WAITING is taken up again, in seconds since 1970


class Listed(msgspec.Struct, frozen=True):
    """A file that waits for the user, or stays for a reason: why, and since when (seconds since 1970)."""

    path: Path
    reason: Reason
    since: float
    score: float | None
    kind: str | None


class Known(msgspec.Struct, frozen=True):
    """What the ledger knows about a file: its version (no device: a reboot may renumber it), state, model."""

    ino: int
    size: int
    mtime_ns: int
    state: FileState
    model: str | None
    is_worth_a_retry: bool = False  # unreadable, for a reason that may be gone

    def covers(self, identity: Identity) -> bool:
        """Return whether this version of the file needs no more work."""
        return self.is_version(identity) and self.state not in UNFINISHED

    def is_version(self, identity: Identity) -> bool:
        """Return whether this is the version of the file that was dealt with."""
        return (self.ino, self.size, self.mtime_ns) == (identity.ino, identity.size, identity.mtime_ns)


def parts_of(path: Path) -> tuple[bytes, bytes]:
    """Return the bytes of a file's folder and of its name; to ask pathlib for each takes three times as long."""
    folder, slash, name = os.fsencode(path).rpartition(b"/")
    return folder or (b"/" if slash else b"."), name


def path_of(folder: bytes, name: bytes) -> Path:
    """Return the path of a file."""
    return Path(os.fsdecode(folder)) / os.fsdecode(name)


def reason_columns(judgement: Judgement | None) -> tuple[str | None, str | None, str | None]:
    """Return code, figures and kind of what was not judged normal."""
    if judgement is None or judgement.verdict is Verdict.KEEP:
        return None, None, None
    reason = judgement.reason
    return reason.code, json.dumps(dict(reason.figures)), judgement.kind


def reason_of(code: str | None, figures: str | None, why: str | None) -> Reason:
    """Return the reason of a row; of rows that an older version wrote, only unreadable files have one."""
    try:
        return Reason(ReasonCode(code or ""), json.loads(figures or "{}"))
    except ValueError:
        return in_words(why or "judged by an older version")
