"""Replace a config file as a whole, and keep what it was before, so that the last change can be undone.

`config_text` edits the text; commands ask whether the user agrees.
"""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path

from imgwatch.atomic_file import replacing, sync_folder
from imgwatch.config import parse_config, read_config
from imgwatch.errors import CannotCreate, InputMissing


def difference(file: Path, before: str, after: str) -> str:
    """Return what changes, as diff -u shows it."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(file), f"{file} (new)", n=1, lineterm=""
    )
    return "\n".join(lines)


def replace_config(file: Path, text: str) -> None:
    """Replace a config atomically, with its permissions, at the end of symlinks; keep the replaced text beside it.

    Killed at any moment, the config is the old one or the new one, and what an undo needs is there. Raises ConfigError
    for a text that would be faulty, CannotCreate.
    """
    parse_config(text, str(file))
    target = file.resolve()
    try:
        before, replaced = target.stat(), target.read_bytes()
        _settle(file, replaced)
        if replaced == text.encode():
            return
        _write(_aside(file), replaced, before)
        _write(target, text.encode(), before)
        _settle(file, text.encode())
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be written: {fault.strerror}") from fault


def previous_of(file: Path) -> Path:
    """Return the file with the text that the last change of a config replaced."""
    target = file.resolve()
    return target.with_name(f"{target.stem}.previous{target.suffix}")


def previous_text(file: Path) -> str:
    """Return a config's text before imgwatch changed it last. Raises InputMissing if it never did."""
    previous = _kept(file)
    try:
        text = previous.read_bytes().decode()
    except FileNotFoundError:
        raise InputMissing(
            f"{file}: imgwatch has changed nothing in it, so there is nothing to undo"
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise InputMissing(f"{previous}: cannot be read: {fault}") from fault
    if text == read_config(file):
        raise InputMissing(f"{file}: is as it was before imgwatch changed it, so there is nothing to undo")
    return text


def last_change(file: Path) -> str | None:
    """Return what imgwatch changed last in a config, and the user since, as diff -u shows it; None for nothing."""
    try:
        return difference(file, previous_text(file), read_config(file))
    except InputMissing:
        return None


def _aside(file: Path) -> Path:
    """Return the file that holds the replaced text until the new one is in place."""
    previous = previous_of(file)
    return previous.with_name(f".{previous.name}.aside")


def _kept(file: Path) -> Path:
    """Return the file with the replaced text; a change that was killed before its last step left it aside."""
    aside = _aside(file)
    is_replaced = aside.exists() and aside.read_bytes() != file.read_bytes()
    return aside if is_replaced else previous_of(file)


def _settle(file: Path, present: bytes) -> None:
    """Keep the text that lies aside if the config is another by now; drop it if that was never replaced."""
    aside = _aside(file)
    if not aside.exists():
        return
    if aside.read_bytes() == present:
        aside.unlink()
    else:
        aside.replace(previous_of(file))
        sync_folder(aside.parent)


def _write(file: Path, content: bytes, rights: os.stat_result) -> None:
    with replacing(file, mode=stat.S_IMODE(rights.st_mode)) as stream:
        stream.write(content)
        if os.geteuid() == 0:  # it stays its owner's
            os.fchown(stream.fileno(), rights.st_uid, rights.st_gid)
