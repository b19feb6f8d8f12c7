"""When freed memory goes back to the system, and how much a process may take.

It frees nothing itself. What it asks of malloc, it asks of glibc alone.
"""

from __future__ import annotations

import ctypes
import resource
from functools import cache
from pathlib import Path
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # mallopt(3)
_ARENAS = 2
_KEPT = 512 << 20  # bytes
_MAPPED_FROM = 32 << 20  # the most that glibc takes


def bound_arenas() -> None:
    """Let all threads share two arenas of malloc; each thread's own would keep what another thread freed in it."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def keep_freed() -> None:
    """Let malloc keep what one batch freed for the next: pages asked for anew cost it half its time again."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Return to the system what malloc keeps; takes some milliseconds, see malloc_trim(3)."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def limit_growth(allowed_bytes: int) -> None:
    """Let this process take so much more memory than it has now, and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + allowed_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@cache
def _glibc() -> Any:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
