"""Paths for objects of a store: such a path is not absolute. It imports nothing heavy.

s3://bucket/a.jpg is Path("s3:/bucket/a.jpg"), which is also what a URL becomes when it is typed as a path.
"""

from __future__ import annotations

import re
from pathlib import Path

_PROTOCOL = re.compile(r"([a-z][a-z0-9+.-]+):/")


def is_url(path: Path) -> bool:
    """Return whether a path that was typed is a URL."""
    return _PROTOCOL.match(str(path)) is not None and not path.exists()


def local(path: Path) -> Path:
    """Return the path of a file: URL, and any other path unchanged."""
    return Path(str(path).removeprefix("file:")) if str(path).startswith("file:/") else path


def is_object(path: Path) -> bool:
    """Return whether a path stands for an object in a store."""
    return not path.is_absolute()


def url_of(path: Path) -> str:
    """Return the URL of an object, and any other path unchanged."""
    return str(path) if path.is_absolute() else _PROTOCOL.sub(r"\1://", str(path), count=1)
