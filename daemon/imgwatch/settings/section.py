"""The building blocks of config sections: checked numbers and paths, and mappings of them.

`imgwatch.settings` has the sections.
"""

import os
import re
import sys
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_MODEL = "default"
LARGEST = sys.float_info.max  # no infinity
HOMELESS = Path("/no/home/folder")  # stands for the home of a user who has none: such a path must be set
MAX_FALSE_ALARMS = 0.5
DATE_DIRECTIVES = ("%Y", "%m", "%d", "%y", "%b", "%B", "%j", "%G", "%V", "%%")
_DIRECTIVE = re.compile("%.?")
_SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?[smhdw]")

Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, lt=1)]
Promise = Annotated[float, Meta(gt=0, le=MAX_FALSE_ALARMS)]
Device = Literal["auto", "cpu", "cuda"]
Checked = TypeVar("Checked")


class ModelFile(PosixPath):
    """The user's own model file, or the word `default` for the general one."""


class TextFilePath(PosixPath):
    """A text file of metrics for node_exporter."""


class DatedFolder(PosixPath):
    """A folder whose path may contain a picture's date in strftime's directives: ~/Pictures/%Y/%m."""


class Duration(str):
    """A length of time as a number with its unit: 90s, 30m, 36h, 1d, 2w."""

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return float(self[:-1]) * _SECONDS_IN[self[-1]]


def checked(tree: Any, kind: type[Checked]) -> Checked:
    """Return a tree of YAML or JSON as an object of this class. Raises msgspec.ValidationError with the first fault.

    Only this checks: objects that are made by calling their class are not checked.
    """
    try:
        return msgspec.convert(tree, kind, dec_hook=_read)
    except UnicodeEncodeError as fault:
        raise msgspec.ValidationError("Expected text that has UTF-8") from fault


def plain(section: "Section") -> dict[str, Any]:
    """Return a section as plain values of YAML or JSON."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(section, enc_hook=str))
    return values


def _read(kind: type[Any], value: Any) -> Any:
    return _duration(value) if kind is Duration else _path(kind, value)


def _duration(value: Any) -> Duration:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("must be a number with its unit, s, m, h, d or w, such as 1d")
    return Duration(value)


def _path(kind: type[Path], value: Any) -> Path:
    """Return a path, which must be absolute or below a home. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a path")
    if kind is ModelFile and value == DEFAULT_MODEL:
        return ModelFile(value)
    try:
        path = kind(value).expanduser()
        os.fsencode(path)
    except UnicodeEncodeError as fault:
        raise ValueError("must be a path that a file system can have") from fault
    except RuntimeError as fault:  # no such user
        raise ValueError("this user's home folder is not known") from fault
    if not path.is_absolute():
        raise ValueError("must be an absolute path, or begin with ~")
    if kind is TextFilePath and path.suffix != ".prom":
        raise ValueError("must end in .prom: node_exporter reads no other file")
    if kind is DatedFolder:
        _require_dates(path)
    return path


def _require_dates(path: Path) -> None:
    """Raise ValueError unless each % begins a part of a date, and the path has no `..`."""
    unknown = [directive for directive in _DIRECTIVE.findall(str(path)) if directive not in DATE_DIRECTIVES]
    if unknown:
        raise ValueError(f"{unknown[0]} is not a part of a date; use {', '.join(DATE_DIRECTIVES)}")
    if ".." in path.parts:
        raise ValueError("must not lead upwards with ..")


def usual(folder_of: "Callable[[str], Path]") -> Path:
    """Return the usual folder for a user's files of this program; below HOMELESS for a user without a home."""
    try:
        return folder_of("imgwatch")
    except RuntimeError:
        return HOMELESS / "imgwatch"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mapping of the config."""
