"""The pictures of a training run: listed, decoded once by the daemon's decoder, without duplicates, split.

It knows nothing about what is learned from them.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from imgwatch.atomic_file import replace_atomically
from imgwatch.errors import ConfigError, InputMissing
from imgwatch.files import Identity
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Decoded, Limits, Pixels, Shape
from imgwatch.progress import Progress
from imgwatch.scan import list_pictures
from imgwatch_train.data.pixel_file import PixelFile, Rows, write_pictures
from imgwatch_train.job import Job

FEWEST_PICTURES = 20  # with fewer, a fifth held out is no measurement at all
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One stored picture: its file, the sha256 of that file, and whether the user calls it misbehaving."""

    path: str
    sha256: str
    is_misbehaving: bool


@dataclass(frozen=True)
class DatasetIndex:
    """The content of a pixel file, row by row, and what was left out: unreadable files (with reasons), duplicates."""

    listing: str
    entries: tuple[Entry, ...]
    unreadable: dict[str, str]
    duplicates: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """Rows of a pixel file for each use; all but `misbehaving` are normal, and no row is in two of them."""

    train: Rows
    validation: Rows
    held_out: Rows
    misbehaving: Rows


def gather(
    job: Job, shape: Shape, misbehaving: Path | None, progress: Progress
) -> tuple[PixelFile, DatasetIndex]:
    """Return the job's pictures, decoded into its checkpoint folder unless they are there and nothing has changed.

    Raises InputMissing if a folder is missing or there are too few pictures.
    """
    own = (job.out, job.report_folder, job.checkpoint_folder)
    odd = list_pictures([misbehaving], own, job.ignore) if misbehaving else []
    exclude = (*job.exclude, *own, *((misbehaving,) if misbehaving else ()))
    paths = [*odd, *list_pictures(job.folders, exclude, job.ignore)]
    listing = _fingerprint(paths, shape, job.limits)
    pixels_path = job.checkpoint_folder / "pictures.bin"
    index_path = job.checkpoint_folder / "pictures.json"
    index = _read_index(index_path)
    if index is None or index.listing != listing:
        index_path.unlink(missing_ok=True)  # it must not vouch for pixels that are being replaced
        gathering = _Gathering(len(odd))
        with Decoder(shape, job.limits, job.settings.workers) as decoder:
            write_pictures(pixels_path, gathering.decode(paths, decoder, progress))
        index = gathering.index(listing)
        replace_atomically(index_path, json.dumps(asdict(index)).encode())
    _require_enough(index, job.folders)
    return PixelFile(pixels_path, shape, len(index.entries)), index


def split(entries: Sequence[Entry], held_out: float, validation: float, seed: int) -> Split:
    """Return shuffled normal pictures, split by shares: `held_out` of all, `validation` of the rest, and the others.

    Raises ConfigError if that leaves none to train on.
    """
    odd = np.array([entry.is_misbehaving for entry in entries], dtype=bool)
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(~odd))
    tested = max(1, round(held_out * len(normal)))
    validated = max(1, round(validation * (len(normal) - tested)))
    parts = np.split(normal, [tested, tested + validated])
    if not len(parts[2]):
        raise ConfigError(
            f"held_out {held_out:g} and validation {validation:g} leave none of {len(normal)} pictures to train on"
        )
    return Split(train=parts[2], validation=parts[1], held_out=parts[0], misbehaving=np.flatnonzero(odd))


def _fingerprint(paths: Sequence[Path], shape: Shape, limits: Limits) -> str:
    """Return a digest of everything that decoding depends on; it changes when a file is replaced or touched."""
    digest = hashlib.sha256(repr((shape, limits)).encode())
    for path in paths:
        try:
            identity = Identity.of(path.lstat())
        except OSError:
            continue  # vanished since it was listed
        digest.update(repr((str(path), *identity)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read_index(path: Path) -> DatasetIndex | None:
    try:
        fields = json.loads(path.read_bytes())
        entries = tuple(Entry(**entry) for entry in fields.pop("entries"))
        return DatasetIndex(**{**fields, "entries": entries, "duplicates": tuple(fields["duplicates"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Gathering:
    """Decodes pictures: yields the pixels of each new one, and notes duplicates and unreadable files."""

    def __init__(self, misbehaving: int) -> None:
        self._misbehaving = misbehaving  # so many of the first paths are
        self._seen: set[str] = set()
        self.entries: list[Entry] = []
        self.unreadable: dict[str, str] = {}
        self.duplicates: list[str] = []

    def decode(self, paths: Sequence[Path], decoder: Decoder, progress: Progress) -> Iterator[Pixels]:
        for number, (path, outcome) in enumerate(decoder.decode(paths)):
            progress("decode", number + 1, len(paths))
            if not isinstance(outcome, Decoded):
                reason = "vanished" if isinstance(outcome, OSError) else str(outcome)
                self.unreadable[str(path)] = reason
                _log.info("%s: not used: %s", path, reason)
            elif outcome.sha256 in self._seen:
                self.duplicates.append(str(path))
            else:
                self._seen.add(outcome.sha256)
                self.entries.append(Entry(str(path), outcome.sha256, number < self._misbehaving))
                yield outcome.pixels

    def index(self, listing: str) -> DatasetIndex:
        return DatasetIndex(listing, tuple(self.entries), self.unreadable, tuple(self.duplicates))


def _require_enough(index: DatasetIndex, folders: Iterable[Path]) -> None:
    count = sum(not entry.is_misbehaving for entry in index.entries)
    if count < FEWEST_PICTURES:
        raise InputMissing(
            f"{', '.join(map(str, folders))}: training needs at least {FEWEST_PICTURES} different readable "
            f"pictures, found {count} (besides {len(index.unreadable)} unreadable and "
            f"{len(index.duplicates)} duplicates); "
            "a few hundred make a usable model"
        )
