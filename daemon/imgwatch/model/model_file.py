"""An open model file: the same bytes are hashed, tried and loaded. It does not look into them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from imgwatch.errors import ModelError
from imgwatch.files import Identity
from imgwatch.version import GENERAL_MODEL

_LARGEST_BYTES = 2**31  # what an ONNX file may have


class ModelFile(NamedTuple):
    """An open model file, its digest, and where it lies, for messages."""

    path: Path
    descriptor: int
    digest: str

    @property
    def is_shipped(self) -> bool:
        """Return whether it is the file that was installed with the program, and is as trustworthy."""
        shipped = Path(GENERAL_MODEL)
        return shipped.exists() and os.path.samestat(os.fstat(self.descriptor), shipped.stat())


@contextmanager
def opened_model(path: Path) -> Iterator[ModelFile]:
    """Open a model file once for all that is done with it.

    Raises ModelError if it cannot be a model, or was changed meanwhile.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO would block
    except FileNotFoundError as fault:
        raise ModelError(
            f"{path}: no such model file; run `imgwatch train`, or set `model` to one that exists"
        ) from fault
    except OSError as fault:
        raise ModelError(f"{path}: the model file cannot be read: {fault.strerror}") from fault
    try:
        before = os.fstat(descriptor)
        _require_size(path, before)
        yield ModelFile(path, descriptor, _digest(path, descriptor))
        if Identity.of(os.fstat(descriptor)) != Identity.of(before):
            raise ModelError(
                f"{path}: the model file was written to while it was read; replace it by a rename"
            )
    finally:
        os.close(descriptor)


def _digest(path: Path, descriptor: int) -> str:
    try:
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        raise ModelError(f"{path}: the model file cannot be read: {fault.strerror}") from fault


def _require_size(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path}: the model is not a regular file; set `model` to one that is")
    if status.st_size > _LARGEST_BYTES:
        raise ModelError(
            f"{path}: not a model file of imgwatch: {status.st_size / 1e9:.1f} GB, and none has more than "
            f"{_LARGEST_BYTES / 1e9:.1f}; train or calibrate again"
        )
