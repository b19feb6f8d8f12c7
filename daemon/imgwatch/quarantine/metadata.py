"""What a file is besides its bytes: owner, mode, times and extended attributes; read, put back, compared."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from imgwatch.files import COARSEST_NS

_PUT_BACK = ("user.", "system.posix_acl_")  # what a record may give back: never a label or a capability
_OF_THE_PLACE = ("security.selinux",)  # a label that the system gives by place, not by file


class FileMetadata(msgspec.Struct, frozen=True, gc=False):
    """Owner, mode (permission bits), times in nanoseconds, extended attributes."""

    uid: int
    gid: int
    mode: int
    atime_ns: int
    mtime_ns: int
    xattrs: Mapping[str, bytes] = {}

    def harmless(self) -> FileMetadata:
        """Return it without what a forged record could use to gain rights: setuid, setgid, capabilities, labels."""
        kept = {name: value for name, value in self.xattrs.items() if name.startswith(_PUT_BACK)}
        return msgspec.structs.replace(self, mode=self.mode & 0o777, xattrs=kept)


def read_metadata(descriptor: int) -> FileMetadata:
    """Read the metadata of an open file; a file system without extended attributes has none."""
    status = os.fstat(descriptor)
    return FileMetadata(
        uid=status.st_uid,
        gid=status.st_gid,
        mode=stat.S_IMODE(status.st_mode),
        atime_ns=status.st_atime_ns,
        mtime_ns=status.st_mtime_ns,
        xattrs=_read_xattrs(descriptor),
    )


def _read_xattrs(descriptor: int) -> dict[str, bytes]:
    try:
        names = os.listxattr(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.ENOSYS):
            raise
        return {}
    return {name: os.getxattr(descriptor, name) for name in sorted(names)}


def apply_metadata(descriptor: int, wanted: FileMetadata) -> list[str]:
    """Set what differs from `wanted`, times last, and return the names of what could not be set.

    Nothing is set on a file that has other names: it may be another user's, linked to, and not the one that was moved.
    """
    present = read_metadata(descriptor)
    if os.fstat(descriptor).st_nlink > 1:
        return _differing(present, wanted)
    if (present.uid, present.gid) != (wanted.uid, wanted.gid):
        _attempt(lambda: os.fchown(descriptor, wanted.uid, wanted.gid))
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != wanted.mode:  # chown may have cleared bits of it
        _attempt(lambda: os.fchmod(descriptor, wanted.mode))
    for name, value in wanted.xattrs.items():
        if present.xattrs.get(name) != value:
            _attempt(_setter(descriptor, name, value))
    if present.mtime_ns != wanted.mtime_ns or present.atime_ns != wanted.atime_ns:
        _attempt(lambda: os.utime(descriptor, ns=(wanted.atime_ns, wanted.mtime_ns)))
    return _differing(read_metadata(descriptor), wanted)


def _setter(descriptor: int, name: str, value: bytes) -> Callable[[], None]:
    return lambda: os.setxattr(descriptor, name, value)


def _attempt(change: Callable[[], None]) -> None:
    # What did not work shows in the comparison afterwards, together with what "worked" without effect.
    # OverflowError: a forged record may hold a time that no file system knows.
    with suppress(OSError, OverflowError):
        change()


def _differing(present: FileMetadata, wanted: FileMetadata) -> list[str]:
    differing = []
    if (present.uid, present.gid) != (wanted.uid, wanted.gid):
        differing.append(f"owner {wanted.uid}:{wanted.gid}")
    if present.mode != wanted.mode:
        differing.append(f"mode {wanted.mode:o}")
    if abs(present.mtime_ns - wanted.mtime_ns) > COARSEST_NS:
        differing.append("modification time")
    for name, value in wanted.xattrs.items():
        if present.xattrs.get(name) != value and name not in _OF_THE_PLACE:
            differing.append(f"attribute {name}")
    return differing
