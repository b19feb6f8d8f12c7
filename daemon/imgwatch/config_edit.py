"""Set one key of a config file and leave every other byte as it is: the user's comments, order and spelling.

`settings` defines the keys; commands ask whether the user agrees.
"""

from __future__ import annotations

import difflib
import math
import os
import stat
from pathlib import Path

import yaml

from imgwatch.atomic_file import replacing, sync_folder
from imgwatch.config import parse_config
from imgwatch.errors import CannotCreate, ConfigError, InputMissing


def with_key(text: str, key: str, value: str | float) -> str:
    """Return a config's text with a key, such as `model` or `threshold.false_alarms`, set or added.

    Raises ConfigError if that takes more than one line: the section is in braces, or is no section.
    """
    spelled = yaml.safe_dump(value, width=math.inf, allow_unicode=True).splitlines()[0]
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    changed = _with_steps(text, document, key.split("."), spelled)
    if changed is None:
        raise ConfigError(f"the config cannot be changed automatically: write `{key}: {spelled}` into it")
    return changed


def _with_steps(text: str, node: yaml.Node | None, steps: list[str], spelled: str) -> str | None:
    """Return the text with the value at these steps below a node set; None if replacing bytes cannot set it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    value = next((below for name, below in node.value if name.value == steps[0]), None)
    if value is None:
        return None if node.flow_style else _with_new_key(text, node, steps, spelled)
    if steps[1:]:
        return _with_steps(text, value, steps[1:], spelled)
    if not isinstance(value, yaml.ScalarNode):
        return None
    before, after = text[: value.start_mark.index], text[value.end_mark.index :]
    return f"{before}{' ' if before.endswith(':') else ''}{spelled}{after}"


def _with_new_key(text: str, section: yaml.Node, steps: list[str], spelled: str) -> str:
    """Return the text with a key added: at the end of the config, or at the start of a section."""
    column = section.start_mark.column
    line = spelled
    for depth, step in reversed(list(enumerate(steps))):
        begun = " " * (column + 2 * depth) if depth else ""
        line = f"{begun}{step}: {line}" if step == steps[-1] else f"{begun}{step}:\n{line}"
    if column == 0:
        return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{line}\n"
    at = section.start_mark.index
    return f"{text[:at]}{line}\n{' ' * column}{text[at:]}"


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
        text = previous.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputMissing(
            f"{file}: imgwatch has changed nothing in it, so there is nothing to undo"
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise InputMissing(f"{previous}: cannot be read: {fault}") from fault
    if text == file.read_text(encoding="utf-8"):
        raise InputMissing(f"{file}: is as it was before imgwatch changed it, so there is nothing to undo")
    return text


def last_change(file: Path) -> str | None:
    """Return what imgwatch changed last in a config, and the user since, as diff -u shows it; None for nothing."""
    try:
        return difference(file, previous_text(file), file.read_text(encoding="utf-8"))
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
