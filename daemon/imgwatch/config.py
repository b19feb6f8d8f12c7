"""Read config.yaml into `Settings`: every fault is reported at once, each with its key and line.

It reads and checks; what the keys mean is in `settings`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from platformdirs import user_config_path
from pydantic import ValidationError

from imgwatch.errors import ConfigError, InputMissing
from imgwatch.settings import Settings

SYSTEM_CONFIG = Path("/etc/imgwatch/config.yaml")
Key = tuple[str | int, ...]


def find_config(named: Path | None) -> Path:
    """Return the config file to use: the named one, $IMGWATCH_CONFIG, ./config.yaml, the user's, the system's."""
    told = named or (Path(os.environ["IMGWATCH_CONFIG"]) if os.environ.get("IMGWATCH_CONFIG") else None)
    if told is not None:
        if not told.is_file():
            raise InputMissing(f"{told}: no such config file; `imgwatch init --watch DIR` writes one")
        return told
    places = (Path.cwd() / "config.yaml", user_config_path("imgwatch") / "config.yaml", SYSTEM_CONFIG)
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise InputMissing(f"no config found (looked at {looked}); `imgwatch init --watch DIR` writes one")


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> Settings:
    """Read and check a config file; `overrides` are "key.key=value" in YAML. Raises ConfigError with all faults."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read as a config: {fault}") from fault
    return parse_config(text, str(path), overrides)


def parse_config(text: str, name: str, overrides: tuple[str, ...] = ()) -> Settings:
    """Check a config's text; `name` is what messages call it. Raises ConfigError with all faults at once."""
    lines: dict[Key, int] = {}
    faults: list[str] = []
    try:
        tree = _parsed(text, lines, faults)
    except (yaml.YAMLError, RecursionError, ValueError) as fault:
        raise ConfigError(f"{name}: not YAML: {' '.join(str(fault).split())}") from fault
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: a config is a mapping that begins with the key `watch`")
    for override in overrides:
        _override(tree, override)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as fault:
        faults += _told_once(fault, lines)
    else:
        found = _overlaps(settings) + _misplaced(settings)
        faults += [_worded(key, message, None, lines) for key, message in found]
        if not faults:
            return settings
    raise ConfigError(f"{name}: {len(faults)} fault{'s' if len(faults) > 1 else ''}", faults)


def _parsed(text: str, lines: dict[Key, int], faults: list[str]) -> Any:
    """Parse once, noting the line of each key and the keys that are given twice."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _number_lines(node, (), lines, faults)
        return loader.construct_document(node)
    finally:
        loader.dispose()


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
        raise ConfigError(f"--set {override}: write it as key.key=value")
    *above, last = dotted.split(".")
    place = tree
    for name in above:
        below = place.setdefault(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {override}: {name} is not a section")
        place = below
    try:
        place[last] = yaml.safe_load(value)
    except yaml.YAMLError as fault:
        raise ConfigError(f"--set {override}: the value is not YAML") from fault


def _overlaps(settings: Settings) -> list[tuple[Key, str]]:
    """Find watched folders inside one another, and a quarantine that is or holds a watched folder."""
    found: list[tuple[Key, str]] = []
    roots = [watch.path.resolve() for watch in settings.watch]
    quarantine = settings.quarantine.path.resolve()
    for index, root in enumerate(roots):
        if root.is_relative_to(quarantine):
            found.append(
                (
                    ("quarantine", "path"),
                    f"{quarantine} is or holds the watched folder {root}; the quarantine cannot be watched",
                )
            )
        for other, above in enumerate(roots):
            nested = root != above and root.is_relative_to(above) and settings.watch[other].recursive
            if nested or (root == above and other < index):
                found.append(
                    (
                        ("watch", index, "path"),
                        f"{root} is watched already as part of watch.{other}.path ({above})",
                    )
                )
    return found


def _misplaced(settings: Settings) -> list[tuple[Key, str]]:
    """Find a text file of metrics where its coming and going would be noticed as a picture's."""
    if settings.metrics.textfile is None:
        return []
    file = settings.metrics.textfile.resolve()
    places = [watch.path.resolve() for watch in settings.watch] + [settings.quarantine.path.resolve()]
    return [
        (("metrics", "textfile"), f"{file} lies in {place}; give it another folder")
        for place in places
        if file.is_relative_to(place)
    ]


def _told_once(fault: ValidationError, lines: dict[Key, int]) -> list[str]:
    """Word each fault once: a union's branches fail one by one, and a faulty list is also "too short"."""
    worded = {
        _shown(error["loc"]): _worded(error["loc"], error["msg"], error["input"], lines)
        for error in fault.errors()
    }
    keys = list(worded)
    return [
        line
        for key, line in worded.items()
        if not any(other[: len(key)] == key and other != key for other in keys)
    ]


def _shown(key: Key) -> Key:
    """Leave out the steps that pydantic adds for the branches of a union."""
    return tuple(step for step in key if not (isinstance(step, str) and ("[" in step or step == "literal")))


def _worded(key: Key, message: str, given: object, lines: dict[Key, int]) -> str:
    shown = _shown(key)
    above = shown
    while above not in lines and above:
        above = above[:-1]
    text = message.removeprefix("Value error, ")
    if text == "Extra inputs are not permitted":
        text = "unknown key"
    elif text == "Field required":
        text = "missing"
    elif isinstance(given, str | int | float | bool):
        text = f"{text} (found {given!r})"
    return f"line {lines.get(above, 1)}: {_dotted(shown) or 'config'}: {text}"


def _dotted(key: Key) -> str:
    return ".".join(str(step) for step in key)
