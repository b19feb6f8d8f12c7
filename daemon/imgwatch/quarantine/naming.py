"""The name under which a picture is stored: the folder explains itself, and nothing collides. Pure."""

from __future__ import annotations

import os

from imgwatch.quarantine.fields import LONGEST_NAME_BYTES
from imgwatch.quarantine.record import RECORD_SUFFIX

_LONGEST_EXTENSION_BYTES = 16


def stored_names(name: str, record_id: str) -> tuple[str, str]:
    """Return the name to try first, which is the picture's own, and the one to use if that is taken."""
    return _fitted(name, ""), _fitted(name, f"-{record_id}")


def renamed_with(name: str, old: str, new: str) -> str:
    """Return what a companion is called beside a picture that is called `new` instead of `old`."""
    if old == new:
        return name
    stem, new_stem = os.path.splitext(old)[0], os.path.splitext(new)[0]  # noqa: PTH122 - names, not paths
    if name.startswith(old):
        return new + name[len(old) :]
    if name.startswith(stem):
        return new_stem + name[len(stem) :]
    return f"{new_stem}-{name}"


def _fitted(name: str, suffix: str) -> str:
    """Insert the suffix before the extension; shorten the stem so that the record's name fits, too."""
    stem, extension = os.path.splitext(os.fsencode(name))  # noqa: PTH122 - Path knows no bytes
    if len(extension) > _LONGEST_EXTENSION_BYTES:
        stem, extension = stem + extension, b""
    room = LONGEST_NAME_BYTES - len(RECORD_SUFFIX) - len(suffix) - len(extension)
    return os.fsdecode(_cut(stem, room) + suffix.encode() + extension)


def _cut(stem: bytes, room: int) -> bytes:
    if len(stem) <= room:
        return stem
    end = room
    while end > room - 4 and stem[end] & 0xC0 == 0x80:  # not in the middle of a character
        end -= 1
    return stem[:end]


def part_name(move_id: str) -> str:
    """Return the name of a copy that is not finished yet."""
    return f".imgwatch-{move_id}.part"


def aside_name(move_id: str) -> str:
    """Return the name under which a source waits until it is certain to be the copied file."""
    return f".imgwatch-{move_id}.source"
