"""The lines of commands about kinds of junk that are normal in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgwatch.standard import Standard

_APART = 5  # a fifth of the common promise is suggested, which leaves the others nearly all


def about_silent_kinds(standard: Standard) -> Iterator[str]:
    """Yield lines: which kinds are silent, and how to keep the others from becoming silent."""
    from imgwatch.kind_promises import silent_kinds

    for silent in silent_kinds(standard.contract, standard.kinds):
        yield f"{silent.kind}: {silent.summary}."
        if standard.kinds.of_kind(silent.kind) is None:
            share = float(f"{silent.promise / _APART:.1g}")
            yield (
                f"  If they are junk, take them out. If not, `kinds: {{{silent.kind}: {{false_alarms: {share:g}}}}}` "
                "keeps them from making the other kinds silent, too."
            )
