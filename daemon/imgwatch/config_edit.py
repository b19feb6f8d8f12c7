"""Set one key of a config file and leave every other byte as it is: the user's comments, order and spelling.

What the keys mean, `settings` knows; whether the user agrees, the command asks.
"""

from __future__ import annotations

import difflib
import math
import os
import stat
from pathlib import Path

import yaml

from imgwatch.atomic_file import replacing
from imgwatch.config import parse_config
from imgwatch.errors import CannotCreate, ConfigError


def with_key(text: str, key: str, value: str | float) -> str:
    """Return a config's text with a key, such as `model` or `threshold.false_alarms`, set, or added if it is not there.

    Raises ConfigError where that takes more than one line: the section is written in braces, or is no section.
    """
    spelled = yaml.safe_dump(value, width=math.inf, allow_unicode=True).splitlines()[0]
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    changed = _with_steps(text, document, key.split("."), spelled)
    if changed is None:
        raise ConfigError(f"the config cannot be changed by itself: write `{key}: {spelled}` into it")
    return changed


def _with_steps(text: str, node: yaml.Node | None, steps: list[str], spelled: str) -> str | None:
    """Set the value that the steps lead to, from this node on; None where it cannot be set by replacing bytes."""
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
    """Add a key: at the end of the config, or at the beginning of a section, whose end comments make uncertain."""
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
    """Write a config anew, whole, with its rights, where a symlink leads; one that would be faulty is refused.

    Raises ConfigError, CannotCreate.
    """
    parse_config(text, str(file))
    target = file.resolve()
    try:
        before = target.stat()
        with replacing(target, mode=stat.S_IMODE(before.st_mode)) as stream:
            stream.write(text.encode())
            if os.geteuid() == 0:  # it stays its owner's
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
    except OSError as fault:
        raise CannotCreate(f"{file}: cannot be written: {fault.strerror}") from fault
