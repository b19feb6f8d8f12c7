"""What is wrong with a config, fault by fault: unknown keys and wrong values, and keys that do not go together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec

from imgwatch import kind_rules
from imgwatch.masking import masked
from imgwatch.settings import HOMELESS, Section, Settings, checked

_SHARES = ("false_alarms", "confidence", "share")  # keys that users may take for percentages
Key = tuple[str | int, ...]
Fault = tuple[Key, str]
_WORDS = {"object": "a mapping", "array": "a list", "null": "nothing", "str": "text", "int": "a whole number",
          "float": "a number", "bool": "true or false"}  # fmt: skip


def faults_in(tree: Any) -> list[Fault]:
    """Return every fault of single keys and sections, where msgspec reports only the first."""
    return _faults(Settings, tree, ())


def faults_between(settings: Settings) -> list[Fault]:
    """Return the faults of keys that are right by themselves, but do not go together or fit this machine."""
    return [
        *_homeless(settings),
        *_overlaps(settings),
        *_misplaced(settings),
        *kind_rules.faults_of(settings),
    ]


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
    """Return every fault of a value: each key is checked alone, then their relations."""
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
            faults.append((key, _message(fault, kind, value) + _hint(key, value)))
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


def _hint(key: Key, value: Any) -> str:
    """Return what to write instead of a percentage."""
    is_percentage = isinstance(value, str) or (isinstance(value, int | float) and value > 1)
    return "; it is a share: write 0.05 for 5 %" if key and key[-1] in _SHARES and is_percentage else ""


def _words_in(kind: Any) -> tuple[str, ...]:
    """Return the words in a type such as `Literal["a", "b"] | Section`."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((words for part in get_args(kind) if (words := _words_in(part))), ())


def _in_words(kinds: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds[1].split(" | "))


def worded(fault: Fault, lines: dict[Key, int]) -> str:
    """Return a fault as a line for people: the line in the file, the key, what is wrong."""
    key, message = fault[0], masked(fault[1])
    above = key
    while above not in lines and above:
        above = above[:-1]
    return f"line {lines.get(above, 1)}: {dotted_key(key) or 'config'}: {message}"


def dotted_key(key: Key) -> str:
    """Return a key as the user writes it, such as `watch.0.path`."""
    return ".".join(str(step) for step in key)
