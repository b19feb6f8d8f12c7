"""Decoded pictures in one file on disk, read a few rows at a time. It decodes nothing.

Rows are read with `pread`, not mapped: mapped pages count as the process's memory and would grow with the
folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgwatch.errors import CannotCreate, IoFailed
from imgwatch.picture.decoding import Pixels, Shape

Rows = NDArray[np.int64]


class PixelFile:
    """An open file of `count` uint8 pictures of one shape; `store[rows]` reads [len(rows), H, W, C]."""

    def __init__(self, path: Path, shape: Shape, count: int) -> None:
        self.path, self.shape, self.count = path, shape, count
        self._picture = (shape.height, shape.width, shape.channels)
        self._bytes = shape.height * shape.width * shape.channels
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if os.fstat(self._descriptor).st_size != count * self._bytes:
            self.close()
            raise IoFailed(f"{path}: not the decoded pictures that its index tells of; train with --fresh")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: Rows | Sequence[int]) -> Pixels:
        """Return these rows, in this order, uint8 [len(rows), H, W, C]. Raises IndexError, IoFailed."""
        pictures = np.empty((len(rows), *self._picture), dtype=np.uint8)
        for index, row in enumerate(rows):
            if not 0 <= row < self.count:
                raise IndexError(f"row {row} of {self.count}")
            got = os.preadv(self._descriptor, [pictures[index].reshape(-1).data], int(row) * self._bytes)
            if got != self._bytes:
                raise IoFailed(f"{self.path}: ends early; train with --fresh")
        return pictures

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def write_pictures(path: Path, pictures: Iterable[Pixels]) -> None:
    """Write pictures [H, W, C] one after another. Raises CannotCreate, such as on a full disk."""
    try:
        with path.open("wb") as stream:
            for pixels in pictures:
                stream.write(pixels.tobytes())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as fault:
        raise CannotCreate(f"{path}: decoded pictures cannot be written: {fault.strerror}") from fault
