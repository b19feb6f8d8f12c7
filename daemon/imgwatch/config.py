"""Read config.yaml into `Settings`: every fault is reported at once, each with its key and line.

It reads and checks; `settings` defines the keys.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import yaml
from platformdirs import user_config_path

from imgwatch import kind_rules
from imgwatch.errors import ConfigError, InputMissing
from imgwatch.masking import masked
from imgwatch.settings import HOMELESS, Section, Settings, checked

SYSTEM_CONFIG = Path("/etc/imgwatch/config.yaml")
_LONGEST_BYTES = 1_000_000
_MOST_NODES = 100_000
Key = tuple[str | int, ...]
Fault = tuple[Key, str]
_WORDS = {"object": "a mapping", "array": "a list", "null": "nothing", "str": "text", "int": "a whole number",
          "float": "a number", "bool": "true or false"}  # fmt: skip


def find_config(named: Path | None) -> Path:
    """Return the config file to use: the named one, $IMGWATCH_CONFIG, ./config.yaml, the user's, the system's."""
    asked_for = named or (Path(os.environ["IMGWATCH_CONFIG"]) if os.environ.get("IMGWATCH_CONFIG") else None)
    if asked_for is not None:
        if not asked_for.is_file():
            raise InputMissing(f"{asked_for}: no such config file; `imgwatch setup` writes one")
        return asked_for
    paths = (Path.cwd() / "config.yaml", *_of_the_user(), SYSTEM_CONFIG)
    for path in paths:
        if path.is_file():
            return path
    looked_at = ", ".join(str(path) for path in paths)
    raise InputMissing(f"no config found (looked at {looked_at}); `imgwatch setup` writes one")


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
        unworded = _faults(Settings, tree, ())
    else:
        unworded = [
            *_homeless(settings),
            *_overlaps(settings),
            *_misplaced(settings),
            *kind_rules.faults_of(settings),
        ]
        if not unworded and not faults:
            return settings
    faults += [_worded(fault, lines) for fault in unworded]
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
    loader = yaml.SafeLoader(text)
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
                faults.append(f"line {name.start_mark.line + 1}: {_dotted(below)}: given twice")
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


def _homeless(settings: Settings) -> list[Fault]:
    """Return faults for paths in the home of a user who has none."""
    paths = {("state",): settings.state, ("quarantine", "path"): settings.quarantine.path}
    return [
        (key, "this user has no home folder: name an absolute path")
        for key, path in paths.items()
        if path.is_relative_to(HOMELESS)
    ]


def _overlaps(settings: Settings) -> list[Fault]:
    """Return faults for watched folders inside one another, and a quarantine that is or holds a watched folder."""
    faults: list[Fault] = []
    roots = [watch.path.resolve() for watch in settings.watch]
    quarantine = settings.quarantine.path.resolve()
    for index, root in enumerate(roots):
        if root.is_relative_to(quarantine):
            faults.append(
                (
                    ("quarantine", "path"),
                    f"{quarantine} is or holds the watched folder {root}; the quarantine cannot be watched",
                )
            )
        for other, above in enumerate(roots):
            nested = root != above and root.is_relative_to(above) and settings.watch[other].recursive
            if nested or (root == above and other < index):
                faults.append(
                    (
                        ("watch", index, "path"),
                        f"{root} is watched already as part of watch.{other}.path ({above})",
                    )
                )
    return faults


def _misplaced(settings: Settings) -> list[Fault]:
    """Return a fault for a text file of metrics in a watched folder, where its changes would be noticed."""
    if settings.metrics.textfile is None:
        return []
    file = settings.metrics.textfile.resolve()
    folders = [watch.path.resolve() for watch in settings.watch] + [settings.quarantine.path.resolve()]
    return [
        (("metrics", "textfile"), f"{file} lies in {folder}; give it another folder")
        for folder in folders
        if file.is_relative_to(folder)
    ]


def _faults(kind: Any, value: Any, key: Key) -> list[Fault]:
    """Return every fault, where msgspec reports only the first: each key is checked alone, then their relations."""
    faults: list[Fault] = []
    section = section_in(kind)
    if section and isinstance(value, dict):
        fields = {field.encode_name: field for field in msgspec.structs.fields(section)}
        faults += [((*key, str(name)), _unknown(str(name), fields)) for name in value if name not in fields]
        for name, field in fields.items():
            if name in value:
                faults += _faults(field.type, value[name], (*key, name))
            elif field.required:
                faults.append(((*key, name), "missing"))
    elif section and isinstance(value, list):
        for index, item in enumerate(value):
            faults += _faults(section, item, (*key, index))
    if not faults:
        try:
            checked(value, kind)
        except msgspec.ValidationError as fault:
            faults.append((key, _message(fault, kind, value)))
    return faults


def _unknown(name: str, known: Iterable[str]) -> str:
    """Return a sentence: the key is unknown, and which one was probably meant."""
    meant = get_close_matches(name, known, n=1)
    return f"unknown key; did you mean {meant[0]}?" if meant else "unknown key"


def section_in(kind: Any) -> type[Section] | None:
    """Return the section in a type such as `Section | None` or `tuple[Section, ...]`."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind
    return next((section for part in get_args(kind) if (section := section_in(part))), None)


def _message(fault: msgspec.ValidationError, kind: Any, value: Any) -> str:
    words = _words_in(kind)
    if words and isinstance(value, str):
        mapping = ", or a mapping" if section_in(kind) else ""
        message = f"must be one of {', '.join(words)}{mapping}"
    elif isinstance(value, float) and not math.isfinite(value):
        message = "must be finite"
    else:
        message = re.sub(r"`(.*?)`", _in_words, str(fault).partition(" - at `$")[0])
    return f"{message} (found {value!r})" if isinstance(value, str | int | float) else message


def _words_in(kind: Any) -> tuple[str, ...]:
    """Return the words in a type such as `Literal["a", "b"] | Section`."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((words for part in get_args(kind) if (words := _words_in(part))), ())


def _in_words(kinds: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds[1].split(" | "))


def _worded(fault: Fault, lines: dict[Key, int]) -> str:
    key, message = fault[0], masked(fault[1])
    above = key
    while above not in lines and above:
        above = above[:-1]
    return f"line {lines.get(above, 1)}: {_dotted(key) or 'config'}: {message}"


def _dotted(key: Key) -> str:
    return ".".join(str(step) for step in key)
