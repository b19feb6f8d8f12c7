"""The training pictures that may be junk, by their numbers on the page.

It uses the lists of `odd_pictures`, and changes no picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from imgwatch.calibration.odd_pictures import OddPictures

_MOST = 400


class TrainingReview:
    """The suspicious pictures of one model, by their number in the list."""

    def __init__(self, model: Path) -> None:
        self._odd = OddPictures(model)

    @property
    def list_file(self) -> Path:
        """The file with the pictures to leave out."""
        return self._odd.list_file

    def pictures(self) -> list[Path]:
        """Return the strangest pictures first, then those that are left out already; none before the first run."""
        strangest = self._odd.strangest()[:_MOST]
        return list(dict.fromkeys((*strangest, *self._odd.left_out())))

    def left_out(self) -> set[Path]:
        """Return the pictures that are left out."""
        return set(self._odd.left_out())

    def picture(self, number: int) -> Path | None:
        """Return the picture with this number, if there is one."""
        pictures = self.pictures()
        return pictures[number] if 0 <= number < len(pictures) else None

    def leave_out(self, numbers: Iterable[int]) -> int:
        """Write the list of pictures to leave out, and return how many. Raises CannotCreate."""
        chosen = [path for path in map(self.picture, sorted(set(numbers))) if path is not None]
        self._odd.leave_out(chosen)
        return len(chosen)
