"""How long work reports its progress. It shows nothing itself."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # stage, how many are done, how many there are (0: not known)


def silent(stage: str, done: int, total: int) -> None:
    """Show no progress."""
