"""Give memory back to the system: what was freed goes, instead of staying with the process for the next peak.

It frees nothing itself, and does nothing where the C library is not glibc.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2


def bound_arenas() -> None:
    """Let all threads share two arenas of malloc; each thread's own would keep what another thread freed in it."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return to the system what malloc keeps; takes some milliseconds, see malloc_trim(3)."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> Any:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
