"""A cache of a model's outputs for a user's pictures, from one run of `calibrate` to the next.

It decodes and measures nothing. A damaged file costs no more than to measure again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from imgwatch import __version__
from imgwatch.atomic_file import replacing
from imgwatch.errors import FolderNotOurs
from imgwatch.model.scorer import Scorer
from imgwatch.picture.decoding import Limits
from imgwatch.private_folder import opened_private

Identity = tuple[int, ...]  # device, inode, size, mtime and ctime in nanoseconds
Row = Mapping[str, NDArray[np.float32]]

MOST_FILES = 2  # a model each
MOST_ROWS = 10_000  # pictures a file, 15 KB each
_SUFFIX = ".measured.npz"
_IDENTITIES = "identities"
_DAMAGED = (  # what numpy and zipfile raise over bytes that are not theirs
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError, BadZipFile, zlib.error,
)  # fmt: skip

log = logging.getLogger(__name__)


def usual_folder() -> Path | None:
    """Return the folder for such files; None for a user without a home."""
    try:
        return user_cache_path("imgwatch") / "measured"
    except RuntimeError:
        return None


def identity_of(path: Path, limits: Limits) -> Identity | None:
    """Return which file, in which state, lies at a path; None if it cannot be determined or stored.

    The time of the last status change is part of it: an editor may keep size and modification time.
    """
    try:
        status = path.stat(follow_symlinks=limits.follows_links)
    except OSError:
        return None
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return identity if max(map(abs, identity)) < 2**63 else None


class MeasuredFile:
    """Rows of a model's outputs by the identity of the picture, in one file for each model and limits.

    Each model, set of limits and release has its own file; the two files used last are kept.
    """

    def __init__(self, folder: Path, scorer: Scorer, limits: Limits) -> None:
        with scorer.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
        digest.update(repr((__version__, *map(float, astuple(limits)))).encode())
        self.path = folder / f"{digest.hexdigest()[:32]}{_SUFFIX}"

    def read(self, names: Sequence[str]) -> dict[Identity, Row]:
        """Return the rows that have all these outputs. A damaged file is removed, and counts as empty."""
        try:
            with (
                opened_private(self.path.parent, frozenset()),
                self.path.open("rb") as stream,
                np.load(stream, allow_pickle=False) as kept,
            ):
                identities, columns = kept[_IDENTITIES], [kept[name] for name in names]
            if any(len(column) != len(identities) for column in columns):
                raise ValueError("its columns differ in length")
            os.utime(self.path)  # used last
        except FileNotFoundError:
            return {}
        except FolderNotOurs as fault:
            log.warning("measured anew: %s", fault)
            return {}
        except _DAMAGED as fault:
            log.info("%s is dropped: %s", self.path, fault)
            with suppress(OSError):
                self.path.unlink()
            return {}
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
        return dict(zip(map(tuple, identities.tolist()), rows, strict=True))

    def write(self, rows: Mapping[Identity, Row]) -> None:
        """Replace the file by these rows, at most the first MOST_ROWS, and remove old files."""
        kept = list(rows.items())[:MOST_ROWS]
        if not kept:
            return
        columns: dict[str, Any] = {name: np.stack([row[name] for _, row in kept]) for name in kept[0][1]}
        columns[_IDENTITIES] = np.array([identity for identity, _ in kept], np.int64)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with opened_private(self.path.parent, frozenset()):
                with replacing(self.path, is_durable=False, mode=0o600) as stream:
                    np.savez(stream, **columns)
                self._remove_old()
        except (OSError, FolderNotOurs) as fault:
            log.warning("%s: not kept for the next run: %s", self.path, fault)

    def _remove_old(self) -> None:
        files = sorted(self.path.parent.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[:-MOST_FILES]:
            path.unlink(missing_ok=True)
