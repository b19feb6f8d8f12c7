"""The pictures of the folder that look wrong, to be thrown out before they teach: by their numbers, as a page has them.

The lists are those of `odd_pictures`; it changes no picture.
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
        """Return them, the strangest first, then those that were left out already; none before the first run."""
        strangest = self._odd.strangest()[:_MOST]
        return list(dict.fromkeys((*strangest, *self._odd.left_out())))

    def left_out(self) -> set[Path]:
        """Return those that were chosen to be left out."""
        return set(self._odd.left_out())

    def picture(self, number: int) -> Path | None:
        """Return one of them."""
        pictures = self.pictures()
        return pictures[number] if 0 <= number < len(pictures) else None

    def leave_out(self, numbers: Iterable[int]) -> int:
        """Write the list of those that are to be left out, and return how many. Raises CannotCreate."""
        chosen = [path for path in map(self.picture, sorted(set(numbers))) if path is not None]
        self._odd.leave_out(chosen)
        return len(chosen)
