"""Pictures that were kept, and copies of them in quarantine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gallery import Scene
from imgwatch.commands.context import open_ledger, open_quarantine
from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Reason, ReasonCode, Verdict
from imgwatch.ledger import Row
from imgwatch.lifecycle import FileState
from imgwatch.quarantine.record import Record


def write(path: Path, side: int, seed: int = 1) -> Path:
    """Write one picture, in a size of its own."""
    tiles = np.random.default_rng(seed).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    Image.fromarray(tiles).resize((side, side), Image.Resampling.NEAREST).save(path)
    return path


def take_out(scene: Scene, path: Path, reason: Reason) -> Record:
    """Move a picture into quarantine for a reason."""
    with open_ledger(scene.settings) as ledger:
        quarantine = open_quarantine(scene.settings, ledger)
        return quarantine.quarantine(
            path, Identity.of(path.lstat()), Judgement(Verdict.QUARANTINE, reason, "m-1")
        )


def take_copy(scene: Scene, name: str = "copy.png", **figures: str | bool) -> Record:
    """Let a picture be kept, and move a copy of it into quarantine."""
    kept = write(scene.inbox / "kept.png", 96)
    with open_ledger(scene.settings) as ledger:
        ledger.remember([Row(kept, Identity.of(kept.lstat()), FileState.KEPT)], 0.0)
    sizes = {"width": 48, "height": 48, "kept_width": 96, "kept_height": 96}
    known = {"kept": str(kept), "because": "pixels", "exact": False}
    return take_out(
        scene, write(scene.inbox / name, 48), Reason(ReasonCode.DUPLICATE, known | sizes | figures)
    )


def names(scene: Scene) -> list[str]:
    return sorted(path.name for path in scene.inbox.iterdir())
