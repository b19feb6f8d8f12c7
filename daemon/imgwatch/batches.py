"""Take a few items at a time. It knows nothing of what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last one with what remains; items are taken as they are needed."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
