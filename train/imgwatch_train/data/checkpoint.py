"""Checkpoints of a training run, from which it continues after a kill; only one run may use a folder at a time.

It knows arrays and a history, not networks.
"""

from __future__ import annotations

import fcntl
import json
import logging
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgwatch.atomic_file import replacing
from imgwatch.errors import CannotCreate, ConfigError, InputMissing, Unavailable

Arrays = Mapping[str, NDArray[Any]]
_FACTS = "facts"
_log = logging.getLogger(__name__)


@contextmanager
def checkpoint_folder(folder: Path, fresh: bool) -> Iterator[Path]:
    """Lock a folder while the block runs; remove it if the block ends well or could not start, else keep it.

    `fresh` empties it first. Raises Unavailable if another run has it, CannotCreate.
    """
    lock = folder.with_name(f".{folder.name}.lock")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        held = lock.open("wb")
    except OSError as fault:
        raise CannotCreate(f"{folder}: cannot be made: {fault.strerror}") from fault
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            raise Unavailable(f"{folder}: another training run is using it") from fault
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as fault:
            raise CannotCreate(f"{folder}: cannot be made: {fault.strerror}") from fault
        try:
            yield folder
        except (InputMissing, ConfigError):  # nothing was begun that could go on
            _remove(folder, lock)
            raise
        _remove(folder, lock)


def _remove(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.unlink(missing_ok=True)


def save(path: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Replace the checkpoint at `path` by named arrays and facts (JSON), atomically. Raises CannotCreate."""
    text = np.frombuffer(json.dumps(dict(facts)).encode(), dtype=np.uint8)
    try:
        with replacing(path) as stream:
            np.savez(stream, allow_pickle=False, **{_FACTS: text, **arrays})
    except OSError as fault:
        raise CannotCreate(f"{path}: the checkpoint cannot be written: {fault.strerror}") from fault


def load(path: Path, fingerprint: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Return arrays and facts; None if there are none, or if they have another `fingerprint`."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            facts = json.loads(kept[_FACTS].tobytes())
            if facts.get("fingerprint") == fingerprint:
                return {name: kept[name] for name in kept.files if name != _FACTS}, facts
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        _log.warning("%s: not a whole checkpoint, starting over: %s", path, fault)
        return None
    _log.info("%s: made from other pictures or settings, starting over", path)
    return None
