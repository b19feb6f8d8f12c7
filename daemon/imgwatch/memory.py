"""When freed memory returns to the system, and how much a process may use.

It frees nothing itself. It works with glibc's malloc only.
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
    """Make all threads share two arenas of malloc: each thread's own would keep what other threads freed in it."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def keep_freed() -> None:
    """Make malloc keep the memory of one batch for the next: new pages would cost half of a batch's time again."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Return malloc's free memory to the system, in some milliseconds; see malloc_trim(3)."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def limit_growth(allowed_bytes: int) -> None:
    """Limit this process to so much more memory than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + allowed_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@cache
def _glibc() -> Any:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
