"""A model that was fitted to a folder and is not written yet: what it would move, and the file that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from imgwatch.calibration.fusion import Fusion
from imgwatch.calibration.perceptual_file import replace_tensors
from imgwatch.errors import ModelError, Unavailable
from imgwatch.evaluation.false_alarm_rate import FalseAlarmRate
from imgwatch.model import reference_set
from imgwatch.model.contract import INPUT, Contract, SelfTest, golden_pictures, write_model
from imgwatch.model.reference_set import ReferenceSet
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Pixels

Floats = NDArray[np.float32]
SHARES = (0.002, 0.005, 0.01, 0.02, 0.05)


@dataclass(frozen=True)
class Preview:
    """A target false-alarm rate: its threshold, how many present pictures it would move, and whether it can be kept."""

    false_alarms: float
    threshold: float
    would_move: int
    can_be_kept: bool
    fewest_pictures: int  # that it takes


@dataclass(frozen=True)
class Calibrated:
    """A model fitted to a folder, not yet written: `scores` [N], `parts` [N, K] of `paths` [N], each as if unseen.

    `standing_out` of them are clearly apart from the rest: rare normal pictures, or junk that lies in the folder.
    `has_learned`: the model was trained on some of them, so that reconstruction is left out.
    """

    contract: Contract
    paths: tuple[Path, ...]
    scores: Floats
    parts: Floats
    unreadable: int
    standing_out: int
    source: Path
    tensors: dict[str, Floats]
    fusion: Fusion | None
    reference_set: ReferenceSet
    has_learned: bool

    def preview(self, shares: Sequence[float] = SHARES) -> list[Preview]:
        """Return what several target rates would do to the present pictures, each at the model's confidence."""
        calibration, confidence = self.contract.calibration, self.contract.threshold.confidence
        lines = []
        for share in shares:
            threshold = calibration.threshold_for(share, confidence)
            moved = int(np.count_nonzero(self.scores > threshold))
            rate = FalseAlarmRate(calibration.pictures, moved, 0.0, 1.0, share, confidence)
            lines.append(Preview(share, threshold, moved, rate.is_attainable, rate.fewest))
        return lines

    def strangest(self, count: int = 40) -> list[tuple[Path, float]]:
        """Return the `count` strangest pictures with their scores, the strangest first."""
        order = np.argsort(-self.scores, kind="stable")[:count]
        return [(self.paths[row], float(self.scores[row])) for row in order]

    def write(self, out: Path) -> Contract:
        """Write the fitted model atomically and return its contract. Raises CannotCreate."""
        proto = load_onnx(self.source)
        replace_tensors(proto, self.tensors)
        session = open_session(proto.SerializeToString(), 1)
        golden = golden_pictures(
            self.contract.self_test.seed, len(self.contract.self_test.scores), self.contract.shape
        )
        (scores,) = session.run(["score"], {INPUT: golden})
        self._require_same(session, golden, scores)
        test = SelfTest(seed=self.contract.self_test.seed, scores=tuple(float(score) for score in scores))
        contract = replace(self.contract, self_test=test)
        write_model(proto, contract, out, {reference_set.KEY: self.reference_set.packed()})
        return contract

    def _require_same(self, session: Any, golden: Pixels, scores: Floats) -> None:
        """Raise ModelError for a file whose graph fuses differently: its threshold would mean nothing."""
        if self.fusion is None:
            return
        (measures,) = session.run(["measures"], {INPUT: golden})
        if not np.allclose(self.fusion.score(measures), scores, rtol=1e-2, atol=1e-2):
            raise ModelError(
                f"{self.source}: made by another version of imgwatch; train it again to calibrate it"
            )


def load_onnx(path: Path) -> Any:
    """Load a model file to change it. Raises Unavailable without onnx."""
    try:
        import onnx
    except ImportError as fault:
        raise Unavailable("writing a calibrated model needs the package onnx: pip install onnx") from fault
    return onnx.load(str(path))
