"""What kind of junk a model calls the pictures that it takes: how many, and how many by their right name."""

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
    """Of a folder's `pictures` those that a model takes, by the kind that it calls them.

    `expected` is what they are, where somebody has said so; None for normal pictures.
    """

    folder: Path
    expected: Kind | None
    pictures: int
    named: Mapping[Kind, int]

    @property
    def taken(self) -> int:
        """How many the model takes."""
        return sum(self.named.values())

    @property
    def right(self) -> int | None:
        """How many of those taken it calls by their right name."""
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
    """Count the kinds of a folder's pictures that are taken."""
    pictures = zip(folder.scores.tolist(), folder.parts.tolist(), strict=True)
    reasons = (standard.why_junk(score, parts) for score, parts in pictures)
    named = Counter(reason.kind for reason in reasons if reason is not None)
    return NamedKinds(folder.path, expected, len(folder.scores), dict(named.most_common()))
