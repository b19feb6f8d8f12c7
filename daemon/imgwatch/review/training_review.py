"""The training pictures that look wrong, to be thrown out before they teach: a list in, a list for `--exclude` out.

It reads what `imgwatch train` wrote beside the model, and changes no picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from imgwatch.atomic_file import replace_atomically

_SUSPICIOUS, _LEFT_OUT = "strangest.txt", "exclude.txt"
_MOST = 400
_HEADER = "# Chosen in the gallery: run `imgwatch train ... --exclude` with this file.\n"


class TrainingReview:
    """The suspicious training pictures of one model, by their number in the list."""

    def __init__(self, model: Path) -> None:
        self.folder = model.with_name(f"{model.stem}-report")

    @property
    def list_file(self) -> Path:
        """Where the choice is written."""
        return self.folder / _LEFT_OUT

    def pictures(self) -> list[Path]:
        """Return them, the strangest first; none before a training."""
        return _paths(self.folder / _SUSPICIOUS)[:_MOST]

    def left_out(self) -> set[Path]:
        """Return those that were chosen to be left out."""
        return set(_paths(self.list_file))

    def picture(self, number: int) -> Path | None:
        """Return one of them."""
        pictures = self.pictures()
        return pictures[number] if 0 <= number < len(pictures) else None

    def leave_out(self, numbers: Iterable[int]) -> int:
        """Write the list of those that are to be left out, and return how many. Raises CannotCreate."""
        chosen = [path for path in map(self.picture, sorted(set(numbers))) if path is not None]
        lines = "".join(f"{path}\n" for path in chosen)
        replace_atomically(self.list_file, (_HEADER + lines).encode(errors="surrogateescape"))
        return len(chosen)


def _paths(file: Path) -> list[Path]:
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    return [Path(line) for line in text.splitlines() if line.startswith("/")]
