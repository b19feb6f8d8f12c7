"""The kinds of junk that a model calls pictures above its threshold: how many, and how many correctly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.evaluation.labelled import ScoredFolder
from imgwatch.judgement import Kind
from imgwatch.standard import Standard


@dataclass(frozen=True)
class NamedKinds:
    """Those of a folder's `pictures` that a model calls junk, by kind.

    `expected` is their true kind, if the user named it; None for normal pictures.
    """

    folder: Path
    expected: Kind | None
    pictures: int
    named: Mapping[Kind, int]

    @property
    def taken(self) -> int:
        """How many the model calls junk."""
        return sum(self.named.values())

    @property
    def right(self) -> int | None:
        """How many of those have the expected kind; None without one."""
        return None if self.expected is None else self.named.get(self.expected, 0)

    def facts(self) -> dict[str, Any]:
        """Return the counts as JSON fields, with the 95 % intervals of the shares."""
        taken = clopper_pearson(self.taken, self.pictures)
        right = None if self.right is None or not self.taken else clopper_pearson(self.right, self.taken)
        return {
            "folder": str(self.folder),
            "expected": self.expected and str(self.expected),
            "pictures": self.pictures,
            "taken": self.taken,
            "taken_interval": taken,
            "named_right": self.right,
            "named_right_interval": right,
            "named": {str(kind): count for kind, count in self.named.items()},
        }


def named_kinds(standard: Standard, folder: ScoredFolder, expected: Kind | None = None) -> NamedKinds:
    """Count the kinds of the pictures in a folder that are called junk."""
    pictures = zip(folder.scores.tolist(), folder.parts.tolist(), strict=True)
    reasons = (standard.why_junk(score, parts) for score, parts in pictures)
    named = Counter(reason.kind for reason in reasons if reason is not None)
    return NamedKinds(folder.path, expected, len(folder.scores), dict(named.most_common()))
