"""The last texts of a config, in the order in which they came, and which of them is in use; a file beside the config.

It writes only that file: `editing` replaces the config.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import msgspec

from imgwatch.atomic_file import replacing
from imgwatch.config import read_config
from imgwatch.config.summary import summary_of
from imgwatch.dates import local_time
from imgwatch.errors import FormatTooNew, IoFailed

SCHEMA = 1
MOST_CHANGES = 20


class Version(msgspec.Struct, frozen=True):
    """A text of the config: since when, whether the user wrote it by hand, and in a line what it changed."""

    time: Annotated[datetime, msgspec.Meta(tz=True)]
    is_by_hand: bool
    summary: str
    text: str


@dataclass(frozen=True)
class Change:
    """A change of the config, from one text to the next; `is_undone`: it was taken back, and can be made again."""

    version: Version
    before: str
    is_undone: bool

    @property
    def after(self) -> str:
        """Return the text that it led to."""
        return self.version.text

    def facts(self) -> dict[str, object]:
        """Return the change as JSON, without the texts."""
        by = "hand" if self.version.is_by_hand else "imgwatch"
        time, summary = _rfc3339(self.version.time), self.version.summary
        return {"time": time, "by": by, "summary": summary, "undone": self.is_undone}


class _Schema(msgspec.Struct):
    schema: int


class _Content(msgspec.Struct):
    schema: int
    present: int  # index of the version in use
    versions: list[Version]


@dataclass(frozen=True)
class History:
    """The versions of a config, oldest first, and the index of the one in use. Those behind it were taken back."""

    versions: tuple[Version, ...]
    present: int

    @classmethod
    def of(cls, config: Path) -> Self:
        """Return a config's history. What lies in the config now is its present version, also where it was edited.

        Raises IoFailed for a damaged file, FormatTooNew, ConfigError.
        """
        text, modified = read_config(config), config.stat().st_mtime
        return cls._read(config, text)._with_present(text, modified)

    @classmethod
    def _read(cls, config: Path, text: str) -> Self:
        file = history_file(config)
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return cls(*_from_previous(config, text))
        except OSError as fault:
            raise IoFailed(f"{file}: cannot be read: {fault.strerror}") from fault
        try:
            if msgspec.json.decode(content, type=_Schema).schema > SCHEMA:
                raise FormatTooNew(
                    f"{file}: written by a newer version of imgwatch, which alone can change this config"
                )
            read = msgspec.json.decode(content, type=_Content)
            if not 0 <= read.present < len(read.versions):
                raise msgspec.DecodeError("`present` names no version")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise IoFailed(
                f"{file}: damaged ({fault}); remove it, and the history of the config begins anew"
            ) from fault
        return cls(tuple(read.versions), read.present)

    def _with_present(self, text: str, modified: float) -> Self:
        """Return the history in which this text is in use: where a step was broken off, the version beside it."""
        for index in (self.present, self.present + 1, self.present - 1):
            if 0 <= index < len(self.versions) and self.versions[index].text == text:
                return type(self)(self.versions, index)
        return self.with_change(text, local_time(modified).astimezone(UTC), is_by_hand=True)

    def with_change(self, text: str, time: datetime, *, is_by_hand: bool) -> Self:
        """Return the history with one more change, which is in use. What was taken back, and the oldest, is gone."""
        kept = self.versions[: self.present + 1]
        summary = summary_of(kept[-1].text, text) if kept else ""
        versions = (*kept, Version(time, is_by_hand, summary, text))[-MOST_CHANGES - 1 :]
        return type(self)(versions, len(versions) - 1)

    def undone(self) -> Self:
        """Return the history after its last change was taken back."""
        return type(self)(self.versions, self.present - 1)

    def redone(self) -> Self:
        """Return the history after the change that was taken back last was made again."""
        return type(self)(self.versions, self.present + 1)

    @property
    def text(self) -> str:
        """Return the text in use."""
        return self.versions[self.present].text

    @property
    def changes(self) -> list[Change]:
        """Return the changes, oldest first."""
        return [
            Change(version, self.versions[index].text, index >= self.present)
            for index, version in enumerate(self.versions[1:])
        ]

    @property
    def last(self) -> Change | None:
        """Return the change that an undo takes back."""
        return next((change for change in reversed(self.changes) if not change.is_undone), None)

    @property
    def last_undone(self) -> Change | None:
        """Return the change that a redo makes again."""
        return next((change for change in self.changes if change.is_undone), None)

    def write(self, config: Path) -> None:
        """Replace the file, which only its owner reads: a config may hold passwords. Raises OSError."""
        file = history_file(config)
        content = msgspec.to_builtins(
            _Content(SCHEMA, self.present, list(self.versions)), builtin_types=(datetime,)
        )
        with replacing(file, mode=0o600) as stream:
            stream.write(json.dumps(content, indent=1, default=_rfc3339).encode())
            if os.geteuid() == 0:  # it belongs to the config's owner
                owner = config.stat()
                os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        for former in _previous_files(config):
            former.unlink(missing_ok=True)


def history_file(config: Path) -> Path:
    """Return the file with a config's history, beside it, behind all symlinks."""
    target = config.resolve()
    return target.with_name(f"{target.stem}.history.json")


def _from_previous(config: Path, text: str) -> tuple[tuple[Version, ...], int]:
    """Return the versions of a config without a history: its text, and the one before, if an older imgwatch kept it."""
    aside, previous = _previous_files(config)
    try:
        if (
            aside.exists() and aside.read_bytes() != text.encode()
        ):  # a change that was broken off after it was made
            previous = aside
        before, changed = previous.read_bytes().decode(), previous.stat().st_mtime
    except FileNotFoundError:
        before = text
    except (OSError, UnicodeDecodeError) as fault:
        raise IoFailed(f"{previous}: cannot be read: {fault}") from fault
    if before == text:
        return (Version(local_time(config.stat().st_mtime).astimezone(UTC), True, "", text),), 0
    time = local_time(changed).astimezone(UTC)
    return (Version(time, True, "", before), Version(time, False, summary_of(before, text), text)), 1


def _previous_files(config: Path) -> tuple[Path, Path]:
    """Return the files in which an older imgwatch kept the text before the last change: aside, and in place."""
    target = config.resolve()
    previous = target.with_name(f"{target.stem}.previous{target.suffix}")
    return previous.with_name(f".{previous.name}.aside"), previous


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
