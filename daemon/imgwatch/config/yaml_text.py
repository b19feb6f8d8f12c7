"""Edit the text of a config, and leave every byte that does not have to change: comments, order and spelling. Pure.

`settings` defines the keys; `editing` writes the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from imgwatch.errors import ConfigError, InputMissing

Value = str | float | bool | None | Mapping[str, Any] | Sequence[Any]


def with_key(text: str, key: str, value: Value) -> str:
    """Return a config's text with a key, such as `model` or `kinds.screenshot`, set, or added if it is not there.

    Mappings and lists are written in braces, on one line. Raises ConfigError where the change would drop a comment, or
    where the key lies in no section.
    """
    spelled = _spelled(value)
    changed = _with_steps(text, _composed(text), key.split("."), spelled)
    if changed is None:
        raise ConfigError(f"the config cannot be changed automatically: set {key} to {spelled} in it by hand")
    return changed


def with_folder(text: str, folder: Path) -> str:
    """Return a config's text with one more watched folder, at the end of the list. Raises ConfigError."""
    spelled = _spelled(str(folder))
    watched = _watched(text)
    if watched.flow_style:
        return _with_item(text, watched, f"{{path: {spelled}}}")
    end = _end_of_line(text, _end(watched))
    column = " " * watched.start_mark.column
    return f"{text[:end]}\n{column}- path: {spelled}{text[end:]}"


def without_folder(text: str, folder: Path) -> str:
    """Return a config's text without a watched folder, and without what is said of it.

    Raises InputMissing where it is not watched, ConfigError where it is the only one.
    """
    watched = _watched(text)
    paths = [_path_of(item) for item in watched.value]
    if folder not in paths:
        raise InputMissing(f"{folder}: not a watched folder of the config")
    if len(paths) == 1:
        raise ConfigError(f"{folder}: the only watched folder; add another before you remove it")
    number = paths.index(folder)
    item, is_last = watched.value[number], number == len(paths) - 1
    if not watched.flow_style:  # to the end of its last line: comments below it are about what follows
        start, end = _start_of_line(text, item.start_mark.index), _end_of_line(text, _end(item)) + 1
    elif is_last:
        start, end = _end(watched.value[number - 1]), _end(item)
    else:
        start, end = item.start_mark.index, watched.value[number + 1].start_mark.index
    return text[:start] + text[end:]


def _spelled(value: Value) -> str:
    """Return a value as YAML writes it on one line."""
    dumped = yaml.safe_dump(
        value, width=math.inf, allow_unicode=True, default_flow_style=True, sort_keys=False
    )
    return dumped.removesuffix("...\n").rstrip("\n")


def _composed(text: str) -> yaml.Node | None:
    try:
        document: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as fault:
        raise ConfigError("the config is not YAML; correct it before you change it") from fault
    return document


def _with_steps(text: str, node: yaml.Node | None, steps: list[str], spelled: str) -> str | None:
    """Set the value that the steps lead to, from this node on; None where it cannot be set by replacing bytes."""
    if not isinstance(node, yaml.MappingNode):
        return None
    name, value = next(((name, below) for name, below in node.value if name.value == steps[0]), (None, None))
    if name is None or value is None:
        return _with_new_key(text, node, steps, spelled)
    key_end = name.end_mark.index
    if value.start_mark.index < key_end:  # an alias: the value stands at its anchor, under another key
        return None
    if steps[1:]:
        return _with_steps(text, value, steps[1:], spelled)
    start, end = value.start_mark.index, _end(value)
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:  # it begins below its key
        start = text.index(":", key_end) + 1
    if "#" in text[start:end]:
        return None
    before, after = text[:start], text[end:]
    return f"{before}{' ' if before.endswith(':') else ''}{spelled}{after}"


def _with_new_key(text: str, section: yaml.MappingNode, steps: list[str], spelled: str) -> str | None:
    """Add a key: at the end of the config, or of a section in braces, or at the beginning of any other section, whose
    end comments make uncertain."""
    if section.flow_style:
        for step in reversed(steps[1:]):
            spelled = f"{{{step}: {spelled}}}"
        return _with_item(text, section, f"{steps[0]}: {spelled}")
    column = section.start_mark.column
    line = spelled
    for depth, step in reversed(list(enumerate(steps))):
        begun = " " * (column + 2 * depth) if depth else ""
        line = f"{begun}{step}: {line}" if step == steps[-1] else f"{begun}{step}:\n{line}"
    if column == 0:
        return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{line}\n"
    at = section.start_mark.index
    return f"{text[:at]}{line}\n{' ' * column}{text[at:]}"


def _with_item(text: str, node: yaml.CollectionNode, item: str) -> str:
    """Add an item at the end of braces or brackets."""
    close = node.end_mark.index - 1
    before = text[:close].rstrip()
    comma = "" if not node.value else " " if before.endswith(",") else ", "
    return f"{before}{comma}{item}{text[close:]}"


def _watched(text: str) -> yaml.SequenceNode:
    """Return the list of watched folders. Raises ConfigError."""
    document = _composed(text)
    entries = document.value if isinstance(document, yaml.MappingNode) else []
    watched = next((value for name, value in entries if name.value == "watch"), None)
    if not isinstance(watched, yaml.SequenceNode) or not all(map(_is_folder, watched.value)):
        raise ConfigError("the config has no list of watched folders that can be changed automatically")
    return watched


def _is_folder(item: yaml.Node) -> bool:
    return isinstance(item, yaml.MappingNode) and any(name.value == "path" for name, _ in item.value)


def _path_of(item: yaml.MappingNode) -> Path:
    return Path(next(value.value for name, value in item.value if name.value == "path")).expanduser()


def _end(node: yaml.Node) -> int:
    """Return where a node ends: PyYAML has the end of a block behind the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _start_of_line(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1
