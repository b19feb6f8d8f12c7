"""Mount file systems for a test, and fill them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Mount = Callable[..., Path]


def fill(folder: Path) -> Path:
    """Fill the file system to its last byte; return the file that does."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))
    return ballast
