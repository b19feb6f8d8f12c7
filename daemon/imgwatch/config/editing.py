"""Replace a config file as a whole, and go back and forth in its history.

`yaml_text` edits the text; commands ask whether the user agrees.
"""

from __future__ import annotations

import difflib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from imgwatch.atomic_file import replacing
from imgwatch.config import parse_config
from imgwatch.config.history import Change, History
from imgwatch.errors import CannotCreate, InputMissing, Unavailable


def difference(file: Path, before: str, after: str) -> str:
    """Return what changes, as diff -u shows it."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(file), f"{file} (new)", n=1, lineterm=""
    )
    return "\n".join(lines) or ("" if before == after else "(only the ends of lines)")


def replace_config(file: Path, text: str, seen: str | None = None) -> None:
    """Replace a config atomically, with its permissions, at the end of symlinks; its history has the change.

    `seen`: the text that the user saw. Killed at any moment, the config is the old one or the new one, and what an undo
    needs is there. Raises ConfigError for a text that would be faulty, Unavailable where the config is another by now,
    CannotCreate, IoFailed for a damaged history.
    """
    history = History.of(file)
    if text != history.text:
        _write(file, history, history.with_change(text, datetime.now(UTC), is_by_hand=False), seen)


def undo(file: Path, seen: str | None = None) -> None:
    """Take back the last change of a config, also one by hand.

    Raises InputMissing for none, and what `replace_config` raises.
    """
    history = History.of(file)
    require_change(file, history.last, "undo")
    _write(file, history, history.undone(), seen)


def redo(file: Path, seen: str | None = None) -> None:
    """Make the change again that was taken back last. Raises what `undo` raises."""
    history = History.of(file)
    require_change(file, history.last_undone, "redo")
    _write(file, history, history.redone(), seen)


def require_change(file: Path, change: Change | None, step: str) -> Change:
    """Return the change that a step takes back or makes again. Raises InputMissing where there is none."""
    if change is None:
        raise InputMissing(f"{file}: its history has no change to {step}")
    return change


def require_seen(file: Path, present: str, seen: str) -> None:
    """Raise Unavailable where the config is another than the user saw."""
    if present != seen:
        raise Unavailable(f"{file} was changed meanwhile, and is left as it is: begin again")


def last_change(file: Path) -> str | None:
    """Return the last change of a config, also one by hand, as diff -u shows it; None for none."""
    change = History.of(file).last
    return None if change is None else difference(file, change.before, change.after)


def _write(file: Path, present: History, changed: History, seen: str | None) -> None:
    """Write the history first, so that the way back from each text of the config is known."""
    if seen is not None:
        require_seen(file, present.text, seen)
    parse_config(changed.text, str(file))
    target = file.resolve()
    try:
        rights = target.stat()
        changed.write(file)
        with replacing(target, mode=stat.S_IMODE(rights.st_mode)) as stream:
            stream.write(changed.text.encode())
            if os.geteuid() == 0:  # it stays its owner's
                os.fchown(stream.fileno(), rights.st_uid, rights.st_gid)
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be written: {fault.strerror}") from fault
