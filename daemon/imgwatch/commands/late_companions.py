"""Companions that came after their pictures had left the folder: what `imgwatch rescan` does with them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imgwatch import console
from imgwatch.wording import counted

if TYPE_CHECKING:
    from imgwatch.moving import Mover
    from imgwatch.scan import Scope


def late_companions(mover: "Mover", scopes: "Sequence[Scope]") -> list[Path]:
    """Return the files in these scopes that belong to pictures in quarantine, or moved on from there."""
    from imgwatch.picture.companions import may_follow
    from imgwatch.scan import walk

    return [
        folder / name
        for scope in scopes
        for folder, listing in walk(scope)
        for name in sorted(listing)
        if may_follow(name) and mover.awaits(folder / name)
    ]


def bring_late(mover: "Mover", scopes: "Sequence[Scope]", as_json: bool) -> None:
    """Move late companions after their pictures, and print how many went."""
    brought = 0
    for path in late_companions(mover, scopes):
        mover.follow(path)
        brought += not os.path.lexists(path)
    if brought and not as_json:
        console.say(f"{counted(brought, 'late companion')} moved after the picture.")


def say_late(mover: "Mover", scopes: "Sequence[Scope]", as_json: bool) -> None:
    """Print which companions would be moved after their pictures."""
    if not as_json:
        for path in late_companions(mover, scopes):
            console.say(f"{path}: would follow its picture, which has left the folder")
