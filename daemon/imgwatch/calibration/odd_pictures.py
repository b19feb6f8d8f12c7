"""The strangest pictures of a folder, and those to be left out: two lists beside a model.

`imgwatch calibrate` and `train` write the first list and obey the second, which the user makes in gallery or shell. No
picture is changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from imgwatch.atomic_file import replace_atomically
from imgwatch.errors import CannotCreate

_STRANGEST, _LEFT_OUT = "strangest.txt", "exclude.txt"
_SHOWN = (
    b"# The strangest of your own pictures, strangest first. Junk among them goes into exclude.txt beside this file:\n"
    b"# choose it on the training page of the gallery, or by `imgwatch calibrate --review`.\n"
)
_CHOSEN = b"# No part of the folder: `imgwatch calibrate` and `imgwatch train` leave these out.\n"


class OddPictures:
    """Both lists of one model, in the folder of its report."""

    def __init__(self, model: Path) -> None:
        self.folder = model.with_name(f"{model.stem}-report")

    @property
    def list_file(self) -> Path:
        """The file with the pictures to leave out."""
        return self.folder / _LEFT_OUT

    def strangest(self) -> list[Path]:
        """Return the pictures shown last, the strangest first; none before the first run."""
        return paths_in(self.folder / _STRANGEST)

    def left_out(self) -> list[Path]:
        """Return the pictures to leave out."""
        return paths_in(self.list_file)

    def show(self, strangest: Sequence[Path]) -> None:
        """Write the list of the strangest pictures. Raises CannotCreate."""
        self._write(_STRANGEST, _SHOWN, strangest)

    def leave_out(self, chosen: Iterable[Path]) -> None:
        """Write the list of pictures to leave out. Raises CannotCreate."""
        self._write(_LEFT_OUT, _CHOSEN, chosen)

    def _write(self, name: str, header: bytes, paths: Iterable[Path]) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as fault:
            raise CannotCreate(f"{self.folder}: cannot be made: {fault.strerror}") from fault
        replace_atomically(self.folder / name, header + b"".join(os.fsencode(p) + b"\n" for p in paths))


def paths_in(file: Path) -> list[Path]:
    """Return the absolute paths that a file lists, one a line; none where there is no such file."""
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    return [Path(line) for line in text.splitlines() if line.startswith("/")]
