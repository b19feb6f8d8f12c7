"""Say in one line what a change of the config changes: the keys and their new values. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import yaml

from imgwatch.config import tree_of
from imgwatch.errors import ConfigError, shown
from imgwatch.masking import masked

_MOST_KEYS = 3
_LONGEST_VALUE = 60
Leaves = dict[str, Any]


def summary_of(before: str, after: str) -> str:
    """Return what differs between two texts of a config: `mode: report, kinds.card removed`. URLs are masked."""
    try:
        old, new = dict(_leaves(tree_of(before))), dict(_leaves(tree_of(after)))
        parts = [_worded(key, old, new) for key in {**new, **old} if _differs(key, old, new)]
    except (ConfigError, RecursionError):  # an alias to what holds it
        return "text that is no config"
    if len(parts) > _MOST_KEYS:
        parts[_MOST_KEYS:] = [f"and {len(parts) - _MOST_KEYS} more"]
    return ", ".join(parts) or "comments or spelling"


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys of the config and of its sections, with their values."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        if isinstance(value, dict) and value:
            yield from ((f"{name}.{below}", inner) for below, inner in value.items())
        else:
            yield str(name), value


def _differs(key: str, old: Leaves, new: Leaves) -> bool:
    return (key in old) != (key in new) or old.get(key) != new.get(key)


def _worded(key: str, old: Leaves, new: Leaves) -> str:
    if key not in new:
        return f"{key} removed"
    value, before = new[key], old.get(key)
    if isinstance(value, list) and isinstance(before, list):
        added = [_spelled(item) for item in value if item not in before]
        removed = [_spelled(item) for item in before if item not in value]
        words = [f"+ {item}" for item in added] + [f"- {item}" for item in removed]
        return f"{key}: {' '.join(words) or 'another order'}"
    return f"{key}: {_spelled(value)}"


def _spelled(value: Any) -> str:
    """Return a value on one line, cut where it is long."""
    dumped = yaml.safe_dump(
        value, width=math.inf, allow_unicode=True, default_flow_style=True, sort_keys=False
    )
    line = shown(masked(dumped.removesuffix("...\n").strip()))
    return line if len(line) <= _LONGEST_VALUE else f"{line[: _LONGEST_VALUE - 3]}..."
