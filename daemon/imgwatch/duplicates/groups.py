"""Groups pairs of copies: each group has one original."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from imgwatch.duplicates.finder import Copy, Finder
from imgwatch.ledger.signatures import Signed


def grouped(finder: Finder, pictures: Iterable[Signed]) -> dict[Path, list[Copy]]:
    """Return the copies by the path of their original; no original is listed as a copy."""
    best: dict[Path, Copy] = {}
    for signed in pictures:
        own = next((copy for copy in finder.copies(signed) if copy.copy is signed), None)
        if own is not None:
            best[signed.path] = own
    groups: dict[Path, list[Copy]] = {}
    for copy in best.values():
        if copy.original.path not in best:
            groups.setdefault(copy.original.path, []).append(copy)
    for copy in best.values():  # a copy of a copy, where the first original was not alike enough
        if copy.original.path in best:
            above = best[copy.original.path].original.path
            if above in groups:
                groups[above].append(copy)
    return groups
