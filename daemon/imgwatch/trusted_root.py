"""A folder that the user named: the symlinks that were on the way to it then are his, those that come later are not."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from imgwatch.errors import OutsideRoots, shown

_MOST_LINKS = 40  # as many as the kernel follows


class TrustedRoot:
    """Resolves one path, again and again, for as long as nothing else on the way has become a symlink."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._links = _links_to(self.path)

    def resolve(self) -> Path:
        """Return where the path leads now; a symlink that was there from the beginning may lead elsewhere by now.

        Raises OutsideRoots if a symlink has taken the place of a folder.
        """
        new = _links_to(self.path) - self._links
        if new:
            raise OutsideRoots(
                f"{shown(min(new))} has become a symlink, which is not followed: put the folder back, "
                "or name the other one in the config"
            )
        return self.path.resolve()


def _links_to(path: Path) -> frozenset[Path]:
    """Return every symlink that is followed on the way to a path."""
    links: set[Path] = set()
    reached, steps = Path("/"), deque(path.parts[1:])
    while steps and len(links) <= _MOST_LINKS:
        step = steps.popleft()
        following = reached.parent if step == ".." else reached / step
        try:
            target = following.readlink()
        except OSError:  # no symlink, or nothing
            reached = following
            continue
        links.add(following)
        reached = Path("/") if target.is_absolute() else reached
        steps.extendleft(reversed(target.parts[1:] if target.is_absolute() else target.parts))
    return frozenset(links)
