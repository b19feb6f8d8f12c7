"""Faults of a run, each with the exit code it ends the command with. Faults of one picture are verdicts.

Exit codes follow sysexits.h; `imgwatch.service` does not restart on 78.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence


class ImgwatchError(Exception):
    """A fault of the run: the message says what, which path or key, and what to do; `details` go on further lines."""

    exit_code = 1

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message, *details)
        self.message = message
        self.details = tuple(details)

    def __str__(self) -> str:
        """Return the message with its details."""
        return "\n".join((self.message, *(f"  {detail}" for detail in self.details)))


class UsageError(ImgwatchError):
    """The command was called in a way that makes no sense."""

    exit_code = 2


class InputMissing(ImgwatchError):
    """A folder, picture or record that was named is not there."""

    exit_code = 66


class Unavailable(ImgwatchError):
    """Another process is in the way, or a service that is needed does not run."""

    exit_code = 69


class FormatTooNew(ImgwatchError):
    """A file was written by a newer version, which alone can read it; it is left untouched."""

    exit_code = 78


class RestartNeeded(Unavailable):
    """Only a new start helps, which the service manager gives."""


class CannotCreate(ImgwatchError):
    """A file or folder that is to be written cannot be created."""

    exit_code = 73


class IoFailed(ImgwatchError):
    """Reading, writing or moving failed in the operating system."""

    exit_code = 74


class LedgerDamaged(IoFailed):
    """The ledger is no usable SQLite file, or one of a newer version."""


class ConfigError(ImgwatchError):
    """The configuration is not usable."""

    exit_code = 78


class ModelError(ImgwatchError):
    """The model file is missing, of another schema, or does not reproduce its self-test."""

    exit_code = 78


class QuarantineError(IoFailed):
    """The quarantine refused or failed; the picture is whole in exactly one of its two places."""


class Changed(QuarantineError):
    """What lies there now is not the file that was judged; it stays."""


class BeingWritten(Changed):
    """Somebody has the picture, or what belongs to it, open for writing; all stay, for now."""


class AlreadyRestored(QuarantineError):
    """The user has restored this very picture before; it stays."""


class MoveRefused(QuarantineError):
    """Moving would lose something of the picture (a hard link, its owner, an attribute); it stays."""


class InodesChange(MoveRefused):
    """The file system gives a file another inode number when it is moved: what broke off could not be ended safely."""


class MoveFailed(QuarantineError):
    """The operating system refused a step; `errno` is its number, the message says what to do."""

    def __init__(self, message: str, errno: int | None) -> None:
        super().__init__(message)
        self.errno = errno


class DestinationGone(MoveFailed):
    """The folder that pictures of one kind are moved to is gone; they stay where they are until it is back."""


class QuarantineUnusable(MoveFailed):
    """The quarantine's own folder cannot be made or written."""

    exit_code = 73


class FolderNotOurs(QuarantineUnusable):
    """The quarantine or the state folder belongs to somebody else, or others may write it: it is not used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, errno.EPERM)


class QuarantineGone(QuarantineUnusable):
    """The disk on which the quarantine lay is not there; nothing is put in its place."""


class OutsideRoots(QuarantineError):
    """A path is not below any watched folder, or a symlink leads there."""


class Conflict(CannotCreate):
    """Something lies where a picture is to be restored; nothing is ever overwritten."""


class Unfinished(Unavailable):
    """A move of the picture was broken off, and waits for the folder on its other side."""


class DecidedMeanwhile(Unavailable):
    """Somebody else has decided about the picture since it was looked at; nothing was done."""


class RecordMissing(InputMissing):
    """No picture in quarantine has this id."""


class RecordAmbiguous(UsageError):
    """Several pictures in quarantine have an id that begins so."""


class RecordMalformed(ImgwatchError):
    """A record is not one that this program writes; it is reported and never followed."""

    exit_code = 74


def shown(text: object) -> str:
    """Spell a path or name so that log and terminal stay sane: whatever does not print is escaped."""
    spelled = str(text)
    if spelled.isprintable():
        return spelled
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in spelled)
