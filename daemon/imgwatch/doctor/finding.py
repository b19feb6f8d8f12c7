"""The subject and the findings of a check of `imgwatch doctor`. It checks nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imgwatch.settings import Settings


@dataclass(frozen=True)
class Subject:
    """What the checks examine: the config, and the files that it leads to."""

    config: Path
    settings: Settings
    model: Path
    ledger: Path


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # it works, but not as well as it could
    FAULT = "fault"  # it does not work


@dataclass(frozen=True)
class Finding:
    """One result of a check: its grade, a sentence, and what to do about it."""

    grade: Grade
    what: str
    to_do: str = ""


def ok(what: str) -> Finding:
    """Return a finding without fault."""
    return Finding(Grade.OK, what)


def warning(what: str, to_do: str) -> Finding:
    """Return a finding that could be improved."""
    return Finding(Grade.WARNING, what, to_do)


def fault(what: str, to_do: str) -> Finding:
    """Return a finding that keeps imgwatch from working."""
    return Finding(Grade.FAULT, what, to_do)
