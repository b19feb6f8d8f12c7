"""What pages show of a picture in quarantine: a row for the grid, and the details of the one looked at."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from imgwatch.errors import OutsideRoots, shown
from imgwatch.lifecycle import ReviewState
from imgwatch.model.contract import Contract
from imgwatch.quarantine.record import Record
from imgwatch.quarantine.safe_path import below_roots
from imgwatch.standard import part_reason, surprisal
from imgwatch.trusted_root import TrustedRoot
from imgwatch.wording import heading, label, percent, sentence

_CLEAR_SURPRISE = 12.0  # a full bar: as rare as one in e^12 normal pictures


@dataclass(frozen=True)
class Presenter:
    """Presents records for the model in use; `contract` is None without a usable model."""

    contract: Contract | None = None
    model: str | None = None
    _worded: dict[str, dict[str, Any]] = field(default_factory=dict)  # a record never changes

    def row(self, record: Record, standing: ReviewState) -> dict[str, Any]:
        """Return the grid's row for a picture."""
        worded = self._worded.get(record.id)
        if worded is None:
            worded = self._worded[record.id] = self._word(record)
        return {"id": record.id, **worded, "standing": standing}

    def _word(self, record: Record) -> dict[str, Any]:
        folder, _, name = record.original.rpartition("/")
        return {
            "name": shown(name),
            "folder": _home_of(folder),
            "reason": shown(heading(record.judgement.reason)),
            "label": shown(label(record.judgement.reason)),
            "code": record.judgement.reason.code,
            "kind": record.judgement.kind,
            "share": self.share(record),
            "beyond": self.beyond(record),
            "score": record.judgement.score,
            "at": record.quarantined_at.timestamp(),
        }

    def share(self, record: Record) -> str:
        """Return how many normal pictures are less strange, as "99.7 %"; "" if another model judged it."""
        score = record.judgement.score
        if self.contract is None or score is None or record.judgement.model != self.model:
            return ""
        calibration = self.contract.calibration
        return percent(calibration.share_below(score), calibration.pictures)

    def beyond(self, record: Record) -> float:
        """Return how far past the threshold it is, 0 (a close call) to 1; without a score, 1."""
        score, threshold = record.judgement.score, record.judgement.threshold
        if score is None or threshold is None:
            return 1.0
        spread = max(abs(threshold), 1e-9)
        if self.contract is not None:
            spread = max(3 * self.contract.calibration.std, 1e-9)
        return round(1 - math.exp(-max(0.0, score - threshold) / spread), 4)

    def details(self, record: Record, roots: Sequence[Path]) -> dict[str, Any]:
        """Return the details of a picture, and what restoring it would do."""
        judgement = record.judgement
        return {
            "id": record.id,
            "name": shown(Path(record.original).name),
            "folder": tilde(Path(record.original).parent),
            "reason": shown(sentence(judgement.reason)),
            "score": judgement.score,
            "threshold": judgement.threshold,
            "model": shown(judgement.model),
            "bytes": record.size_bytes,
            "companions": [shown(companion.name) for companion in record.companions],
            "sha256": record.sha256,
            "at": record.quarantined_at.timestamp(),
            "taken": record.metadata.mtime_ns / 1e9,
            "parts": self._parts(record),
            "restore": restoring(record, roots),
        }

    def _parts(self, record: Record) -> list[dict[str, Any]]:
        """Return each part of the score in words, with its rarity, the strangest first."""
        if self.contract is None or record.judgement.model != self.model:
            return []
        calibration, parts = self.contract.calibration, []
        for number, part in enumerate(self.contract.parts):
            value = record.judgement.parts.get(part.name)
            if value is not None:
                rare = surprisal(calibration.parts[number], value) / _CLEAR_SURPRISE
                share = percent(calibration.part_share_below(number, value), calibration.pictures)
                parts.append(
                    {
                        "says": shown(heading(part_reason(part, 0.0, 1))),
                        "share": share,
                        "rare": round(min(1.0, max(0.0, rare)), 3),
                    }
                )
        return sorted(parts, key=lambda part: -float(str(part["rare"])))


def restoring(record: Record, roots: Sequence[Path]) -> dict[str, Any]:
    """Return what restoring a picture would do: whether it works, and a sentence."""
    original = Path(record.original)
    try:
        below_roots(original, [TrustedRoot(root) for root in roots])
    except OutsideRoots:
        return {
            "works": False,
            "says": f"{tilde(original.parent)} is no longer a watched folder. From a shell: "
            f"imgwatch quarantine restore {record.id} --to DIR",
        }
    names = (original.name, *(companion.name for companion in record.companions))
    in_the_way = next(
        (original.with_name(name) for name in names if os.path.lexists(original.with_name(name))), None
    )
    if in_the_way is not None:
        return {
            "works": False,
            "says": f"Another file lies at {tilde(in_the_way)} now, and nothing is ever overwritten. Move it aside, "
            f"or from a shell: imgwatch quarantine restore {record.id} --to DIR",
        }
    return {
        "works": True,
        "says": f"Restore puts it back into {tilde(original.parent)}, and it is not quarantined again.",
    }


@lru_cache(maxsize=4096)
def _home_of(folder: str) -> str:
    return tilde(Path(folder or "/"))


def tilde(path: Path) -> str:
    """Return a path for display, with ~ for the user's home."""
    try:
        return shown(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # not below it, or there is none
        return shown(path)
