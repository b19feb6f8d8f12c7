"""Put a new model in place of an old one, which is kept beside it, and roll back. The content is not its concern.

Killed at any moment, each model is whole under one of its names, and the one in use is whole under its own.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path

from imgwatch.atomic_file import sync_folder
from imgwatch.errors import CannotCreate, InputMissing


def previous_of(model: Path) -> Path:
    """Return the path at which the model that this one replaced is kept."""
    return model.with_name(f"{model.stem}.previous{model.suffix}")


def waiting_of(model: Path) -> Path:
    """Return the path at which a new model waits until the user takes it."""
    return model.with_name(f"{model.stem}.new{model.suffix}")


def draft_of(model: Path) -> Path:
    """Return the path to which a model is written before it replaces anything."""
    return model.with_name(f"{model.stem}.draft{model.suffix}")


def put_in_place(fresh: Path, model: Path) -> None:
    """Replace a model by a new file, and keep the old one. Raises CannotCreate.

    The same content again, as after a kill, replaces nothing: the kept model stays the one before.
    """
    try:
        if model.exists() and filecmp.cmp(fresh, model, shallow=False):
            fresh.unlink()
            return
        if model.exists():
            _give_second_name(model, previous_of(model))
        fresh.replace(model)
        sync_folder(model.parent)
    except OSError as fault:
        raise CannotCreate(f"{model}: cannot be replaced: {fault.strerror}") from fault


def roll_back(model: Path) -> None:
    """Exchange a model and the one that it replaced. Raises InputMissing if none is kept, CannotCreate."""
    kept, aside = previous_of(model), _aside(model)
    try:
        if aside.exists() and not kept.exists():  # killed before the last step, which is all that was missing
            aside.replace(kept)
            return
        if not kept.exists():
            raise InputMissing(f"{kept}: does not exist, so there is nothing to go back to")
        if model.exists():
            _give_second_name(model, aside)
        kept.replace(model)
        if aside.exists():
            aside.replace(kept)
        sync_folder(model.parent)
    except OSError as fault:
        raise CannotCreate(f"{model}: cannot be exchanged: {fault.strerror}") from fault


def _aside(model: Path) -> Path:
    return model.with_name(f".{model.name}.aside")


def _give_second_name(model: Path, name: Path) -> None:
    """Store the same content under another name, replacing any file of that name."""
    unfinished = name.with_name(f".{name.name}.kept")
    unfinished.unlink(missing_ok=True)
    try:
        os.link(model, unfinished)
    except OSError:  # a file system without hard links
        shutil.copyfile(model, unfinished)
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
    unfinished.replace(name)
    unfinished.unlink(missing_ok=True)  # where both were one file already, `replace` does nothing
