"""Write files that a reader sees whole, the old one or the new one. It knows nothing about their content."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from imgwatch.errors import CannotCreate

_UNFINISHED = ".unfinished"


def replace_atomically(path: Path, content: bytes) -> None:
    """Write a file, and the folders above it, so that readers see the old or the new content, also after a power cut.

    Raises CannotCreate.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(content)
    except OSError as fault:
        raise CannotCreate(f"{path}: cannot be written: {fault.strerror}") from fault


@contextmanager
def replacing(path: Path, *, is_durable: bool = True, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a new file of this mode that replaces `path` if the block ends without a fault.

    It is on the disk then, unless `is_durable` is false. Unfinished files of killed processes are removed. Raises
    OSError.
    """
    _remove_unfinished(path)
    descriptor, name = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with suppress(OSError):  # a file system without locks: what is left there stays
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield stream
            stream.flush()
            os.fchmod(descriptor, mode)
            if is_durable:
                os.fsync(descriptor)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    if is_durable:
        sync_folder(path.parent)


def _remove_unfinished(path: Path) -> None:
    """Remove the unfinished files of this path that no process holds any more."""
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith(_UNFINISHED):
            with suppress(OSError), left.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
