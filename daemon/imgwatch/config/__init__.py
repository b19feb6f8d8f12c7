"""Read config.yaml into `Settings`: every fault is reported at once, each with its key and line.

`settings` defines the keys, `faults` what is wrong with them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import yaml
from platformdirs import user_config_path

from imgwatch.config.faults import Key, dotted_key, faults_between, faults_in, worded
from imgwatch.errors import ConfigError, InputMissing
from imgwatch.masking import masked
from imgwatch.settings import Settings, checked

SYSTEM_CONFIG = Path("/etc/imgwatch/config.yaml")
_LONGEST_BYTES = 1_000_000
_MOST_NODES = 100_000


def find_config(named: Path | None) -> Path:
    """Return the config file to use: the named one, $IMGWATCH_CONFIG, ./config.yaml, the user's, the system's."""
    asked_for = named or (Path(os.environ["IMGWATCH_CONFIG"]) if os.environ.get("IMGWATCH_CONFIG") else None)
    if asked_for is not None:
        if not asked_for.is_file():
            raise InputMissing(f"{asked_for}: no such config file; `imgwatch setup` writes one")
        return asked_for
    here = Path.cwd() / "config.yaml"
    may_enter = os.access(here.parent, os.X_OK)  # not for another user than the one whose shell this is
    if may_enter and here.is_file() and not _is_sample(here):
        return here
    paths = (*_of_the_user(), SYSTEM_CONFIG)
    for path in paths:
        if path.is_file():
            return path
    looked_at = ", ".join(map(str, (here, *paths)))
    raise InputMissing(f"no config found (looked at {looked_at}); `imgwatch setup` writes one")


def _is_sample(path: Path) -> bool:
    """Return whether this is the template in the package, to which `config.yaml` in a checkout leads."""
    package = path.resolve().parent
    return package.name == "imgwatch" and (package / "__init__.py").is_file()


def _of_the_user() -> tuple[Path, ...]:
    try:
        return (user_config_path("imgwatch") / "config.yaml",)
    except RuntimeError:  # no HOME, and no entry in the user database
        return ()


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> Settings:
    """Return the settings of a file; `overrides` are "key.key=value" in YAML. Raises ConfigError with all faults."""
    return parse_config(read_config(path), str(path), overrides)


def read_config(path: Path) -> str:
    """Return the text of a config. Raises ConfigError for one that cannot be read, is too long, or is not UTF-8."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LONGEST_BYTES + 1)
        if len(content) > _LONGEST_BYTES:
            raise ConfigError(f"{path}: longer than {_LONGEST_BYTES} bytes, too long for a config")
        return content.decode()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read as a config: {fault}") from fault


def parse_config(text: str, name: str, overrides: tuple[str, ...] = ()) -> Settings:
    """Return the settings of a text; `name` is its name in messages. Raises ConfigError with all faults."""
    lines: dict[Key, int] = {}
    faults: list[str] = []
    tree = _parsed(text, name, lines, faults)
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: a config is a mapping with the key `watch`")
    for override in overrides:
        _override(tree, override)
    try:
        settings = checked(tree, Settings)
    except msgspec.ValidationError:
        unworded = faults_in(tree)
    else:
        unworded = faults_between(settings)
        if not unworded and not faults:
            return settings
    faults += [worded(fault, lines) for fault in unworded]
    raise ConfigError(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}", faults)


def tree_of(text: str) -> Any:
    """Return the values of a config's text, unchecked. Raises ConfigError where it is not YAML."""
    return _parsed(text, "the config", {}, [])


def _parsed(text: str, name: str, lines: dict[Key, int], faults: list[str]) -> Any:
    """Return the tree; add the line of each key, and the keys that occur twice. Raises ConfigError."""
    try:
        return _loaded(text, lines, faults)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        raise ConfigError(f"{name}: not YAML: {_without_lines(fault)}") from None


def _loaded(text: str, lines: dict[Key, int], faults: list[str]) -> Any:
    loader = yaml.SafeLoader(text)  # not libyaml: it crashes on a long line of dashes
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _count_nodes(node)
        _number_lines(node, (), lines, faults)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _without_lines(fault: Exception) -> str:
    """Return a fault of YAML in words, without the lines, which may hold a secret."""
    for mark in (getattr(fault, "context_mark", None), getattr(fault, "problem_mark", None)):
        if mark is not None:
            mark.buffer = None
    return masked(" ".join(str(fault).split()))


def _count_nodes(node: yaml.Node) -> None:
    """Raise ValueError where aliases make more of a short text than any config needs."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        sizes[id(node)] = 1  # an alias to what holds it: refused where it is constructed
        below = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            below = [part for pair in node.value for part in pair]
        sizes[id(node)] = 1 + sum(map(size, below))
        if sizes[id(node)] > _MOST_NODES:
            raise ValueError(f"its aliases expand to more than {_MOST_NODES} values")
        return sizes[id(node)]

    size(node)


def _number_lines(node: yaml.Node, key: Key, lines: dict[Key, int], faults: list[str]) -> None:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            below = (*key, str(name.value))
            if below in lines:
                faults.append(f"line {name.start_mark.line + 1}: {dotted_key(below)}: given twice")
            lines[below] = name.start_mark.line + 1
            _number_lines(value, below, lines, faults)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _number_lines(value, (*key, index), lines, faults)


def _override(tree: dict[str, Any], override: str) -> None:
    dotted, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {masked(override)}: write it as key.key=value")
    *above, last = dotted.split(".")
    section = tree
    for name in above:
        below = section.setdefault(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {masked(override)}: {name} is not a section")
        section = below
    try:
        section[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {masked(override)}: the value is not YAML") from None
