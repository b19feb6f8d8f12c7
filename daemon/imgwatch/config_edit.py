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


def with_key(text: str, key: str, value: str) -> str:
    """Return a config's text with a top-level key set to a text; one that is not there is added at the end."""
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    spelled = yaml.safe_dump(value, width=math.inf, allow_unicode=True).splitlines()[0]
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    for name, node in pairs:
        if name.value == key and isinstance(node, yaml.ScalarNode):
            return text[: node.start_mark.index] + spelled + text[node.end_mark.index :]
    if (
        not isinstance(document, yaml.MappingNode)
        or document.flow_style
        or any(n.value == key for n, _ in pairs)
    ):
        raise ConfigError(f"the config cannot be changed by itself: write `{key}: {spelled}` into it")
    end = "" if text.endswith("\n") else "\n"
    return f"{text}{end}{key}: {spelled}\n"


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
