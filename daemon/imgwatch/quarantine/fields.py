"""The fields that a record has of each file, as JSON: read with suspicion, written so that it can be read again. Pure.

Which fields a record has, `record_fields` knows.
"""

from __future__ import annotations

import base64
import os
from typing import Annotated, Any

import msgspec

from imgwatch.quarantine.metadata import FileMetadata

LONGEST_NAME_BYTES = 255
LONGEST_TEXT = 10_000
_LONGEST_PATH_BYTES = 4095
_LONGEST_TIME_NS = 1 << 66  # some file systems know more than a 64-bit number of nanoseconds
_DIGEST_DIGITS = 64
_NO_NAMES = frozenset(("", ".", ".."))
_HIGHEST_OWNER = (1 << 32) - 2  # the last one means "no change" to chown

Number = Annotated[float, msgspec.Meta(gt=-1e300, lt=1e300)]  # neither infinity nor NaN lies between these
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Owner = Annotated[int, msgspec.Meta(ge=0, le=_HIGHEST_OWNER)]


class FileFields(msgspec.Struct, kw_only=True, gc=False):
    """What is known of one file; `bad_field` checks what JSON types cannot express."""

    file: str
    sha256: str
    bytes: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
    uid: Owner
    gid: Owner
    mode: Annotated[int, msgspec.Meta(ge=0, le=0o7777)]
    atime_ns: int
    mtime_ns: int
    xattrs: dict[str, str]

    def bad_field(self) -> str | None:
        """Return the name of the first field that is not usable, if any."""
        if not is_plain_name(self.file):
            return "file"
        if not is_hexadecimal(self.sha256, _DIGEST_DIGITS):
            return "sha256"
        if not abs(self.atime_ns) < _LONGEST_TIME_NS:
            return "atime_ns"
        if not abs(self.mtime_ns) < _LONGEST_TIME_NS:
            return "mtime_ns"
        return "xattrs" if self.xattrs and not _is_xattrs(self.xattrs) else None

    @property
    def metadata(self) -> FileMetadata:
        """Return owner, mode, times and attributes."""
        return FileMetadata(
            uid=self.uid,
            gid=self.gid,
            mode=self.mode,
            atime_ns=self.atime_ns,
            mtime_ns=self.mtime_ns,
            xattrs={name: base64.b64decode(value) for name, value in self.xattrs.items()},
        )


def metadata_as_json(metadata: FileMetadata) -> dict[str, Any]:
    """Return owner, mode, times and attributes as they are written."""
    return {
        "uid": metadata.uid,
        "gid": metadata.gid,
        "mode": metadata.mode,
        "atime_ns": metadata.atime_ns,
        "mtime_ns": metadata.mtime_ns,
        "xattrs": {name: base64.b64encode(value).decode() for name, value in metadata.xattrs.items()},
    }


def is_plain_name(name: object) -> bool:
    """Return whether this is the name of something in a folder, and of nothing elsewhere."""
    if not isinstance(name, str) or name in _NO_NAMES or "/" in name or "\0" in name:
        return False
    return _encoded_size(name) <= LONGEST_NAME_BYTES


def is_plain_path(path: object) -> bool:
    """Return whether this is an absolute, normalised path, so one without `..`."""
    if not isinstance(path, str) or "\0" in path or not path.startswith("/") or path.startswith("//"):
        return False
    parts = path[1:].split("/")
    if not _NO_NAMES.isdisjoint(parts):
        return False
    if len(path) <= LONGEST_NAME_BYTES and path.isascii():  # as most are: no part of it needs to be measured
        return True
    return max(map(_encoded_size, parts)) <= LONGEST_NAME_BYTES and _encoded_size(path) <= _LONGEST_PATH_BYTES


def is_hexadecimal(text: str, digits: int) -> bool:
    """Return whether this is a number of so many hexadecimal digits, in small letters."""
    return len(text) == digits and not text.strip("0123456789abcdef")


def _encoded_size(name: str) -> int:
    if name.isascii():
        return len(name)
    try:
        return len(os.fsencode(name))
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return _LONGEST_PATH_BYTES + 1


def _is_xattrs(xattrs: dict[str, str]) -> bool:
    try:
        return all(
            is_plain_name(k) and base64.b64decode(v, validate=True) is not None for k, v in xattrs.items()
        )
    except ValueError:
        return False
