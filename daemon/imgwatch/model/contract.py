"""The contract in a model file's metadata: what the daemon may rely on, read and checked, written atomically.

It opens no session and computes no score: `scorer` does.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from imgwatch.atomic_file import replace_atomically
from imgwatch.errors import ModelError
from imgwatch.judgement import Kind
from imgwatch.model.order_statistic import rank_of_threshold
from imgwatch.picture.decoding import Pixels, Shape
from imgwatch.settings import LARGEST, Finite, ThresholdRule

if TYPE_CHECKING:
    import onnx

METADATA_KEY = "imgwatch"
SCHEMA_VERSION: Final = 2  # 1 knew no part of kind "kind"
INPUT = "pictures"
OUTPUTS = ("score", "parts", "error_map", "embedding")
_KEPT_SCORES = 5000  # calibration scores kept in the file; of more, evenly spaced ones


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the numbers that make up a score. `says` is the phrase for a reason; `kind` is what the number means.

    A part of kind "kind" is the log odds of a kind of junk against normal.
    """

    name: str
    kind: Literal["error", "expert", "pseudo_junk", "kind"] = "error"
    says: str = "unlike your pictures"


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores and parts of held-out normal pictures, ascending; thresholds are computed from them."""

    pictures: Annotated[int, Meta(ge=1)]
    scores: tuple[Finite, ...]
    parts: tuple[tuple[Finite, ...], ...]  # one ascending tuple for each part
    mean: Finite
    std: Annotated[float, Meta(ge=0, le=LARGEST)]
    outliers: Annotated[int, Meta(ge=0)] = 0  # kept so that models of version 0.1 can be read
    by_kind: dict[Kind, tuple[Finite, ...]] = {}  # all scores, by what the pictures would be called as junk

    def __post_init__(self) -> None:
        rows = (self.scores, *self.parts, *self.by_kind.values())
        if not self.scores or any(list(row) != sorted(row) for row in rows):
            raise ValueError("calibration scores must be there, in ascending order")

    @classmethod
    def of(cls, scores: NDArray[np.floating[Any]], parts: NDArray[np.floating[Any]]) -> Self:
        """Return the calibration by held-out normal pictures: `scores` [N], `parts` [N, K]."""
        return cls(
            pictures=len(scores),
            scores=_thinned(scores),
            parts=tuple(_thinned(column) for column in parts.T),
            mean=float(np.mean(scores)),
            std=float(np.std(scores)),
        )

    def threshold_for(self, false_alarms: float, confidence: float | None = None) -> float:
        """Return the score that at most this share of normal pictures exceeds: the conformal quantile, at rank
        (1 - a)(n + 1) of the ascending scores (Vovk et al. 2005; Angelopoulos and Bates 2021, section 1).

        Between two ranks it is interpolated, as in Hyndman and Fan (1996), definition 6: on average over samples no
        more than a lies above it, as long as larger scores are rarer. To take the upper one, as is usual, would give
        away a quarter of a promise of 1 % on 260 pictures.

        With fewer than 1 / a - 1 pictures no score can keep the promise and the largest one is returned.

        That promise holds on average over folders. With a `confidence` it holds for this share of them, by
        `order_statistic`.
        """
        return self._quantile(self.scores, false_alarms, confidence)

    def part_threshold_for(self, part: int, false_alarms: float, confidence: float | None = None) -> float:
        """Return the value of part number `part` that at most this share of normal pictures exceeds, likewise."""
        return self._quantile(self.parts[part], false_alarms, confidence)

    def threshold_without(
        self, kinds: Collection[Kind], false_alarms: float, confidence: float | None = None
    ) -> float:
        """Return the score that at most this share of normal pictures exceeds without being called one of the `kinds`.

        A picture that is called one of them counts as the least strange.
        """
        others = sorted(chain.from_iterable(row for kind, row in self.by_kind.items() if kind not in kinds))
        apart = [self.scores[0]] * (self.pictures - len(others))
        return self._quantile([*apart, *others], false_alarms, confidence)

    def _quantile(self, ascending: Sequence[float], false_alarms: float, confidence: float | None) -> float:
        if confidence is not None:
            rank: float = rank_of_threshold(self.pictures, false_alarms, confidence)
        else:
            rank = min((1.0 - false_alarms) * (self.pictures + 1), self.pictures)
        index = round(rank - 1, 9)  # without the dust of binary fractions
        if len(ascending) != self.pictures:  # thinned
            index *= (len(ascending) - 1) / (self.pictures - 1)
        return float(np.interp(index, np.arange(len(ascending)), ascending))

    def share_below(self, score: float) -> float:
        """Return the share of held-out normal pictures that are less strange than `score`, 0 to 1."""
        return bisect_left(self.scores, score) / len(self.scores)

    def part_share_below(self, part: int, value: float) -> float:
        """Return the share of held-out normal pictures whose part number `part` is below `value`, 0 to 1."""
        row = self.parts[part]
        return bisect_left(row, value) / len(row)


def _thinned(values: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    ordered = np.sort(np.asarray(values, dtype=np.float32))
    if len(ordered) > _KEPT_SCORES:
        ordered = ordered[np.linspace(0, len(ordered) - 1, _KEPT_SCORES).round().astype(int)]
    return tuple(float(value) for value in ordered)


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model's own threshold was chosen, and the resulting score."""

    rule: Literal["false_alarms", "mean_plus_std", "score"]
    value: Finite
    score: Finite
    confidence: float | None = None  # in the promise of `false_alarms`

    @classmethod
    def of(cls, rule: ThresholdRule, calibration: Calibration) -> Self:
        """Return the threshold that a rule yields for this calibration."""
        name, value = rule.rule
        if name == "false_alarms":
            score = calibration.threshold_for(value, rule.confidence)
        elif name == "mean_plus_std":
            score = calibration.mean + value * calibration.std
        else:
            score = value
        return cls(rule=name, value=value, score=score, confidence=rule.confidence)


class SelfTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores that the model must reproduce on `golden_pictures(seed, len(scores), shape)`."""

    seed: int
    scores: tuple[Finite, ...]


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that travels with the weights."""

    schema_version: Literal[1, 2]
    architecture: str
    height: Annotated[int, Meta(ge=8, le=4096)]
    width: Annotated[int, Meta(ge=8, le=4096)]
    mode: Literal["RGB", "L"]
    parts: tuple[Part, ...]
    calibration: Calibration
    threshold: Threshold
    self_test: SelfTest
    generic: bool = False  # true for the model that ships: trained on nobody's own pictures
    training: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if len(self.calibration.parts) != len(self.parts):
            raise ValueError("calibration.parts and parts differ in number")

    @property
    def shape(self) -> Shape:
        """The shape to which pictures are decoded for this model."""
        return Shape(self.height, self.width, self.mode)

    def effective_threshold(self, rule: ThresholdRule | None) -> float:
        """Return the score above which a picture is quarantined: by the config's rule, else the model's own."""
        return self.threshold.score if rule is None else Threshold.of(rule, self.calibration).score


def parse_contract(metadata: str | None, path: Path) -> Contract:
    """Return the contract in the metadata of the model file at `path`. Raises ModelError."""
    if metadata is None:
        raise ModelError(
            f"{path}: an ONNX file, but not an imgwatch model (no metadata key {METADATA_KEY!r})"
        )
    try:
        fields = json.loads(metadata)
        version = fields.get("schema_version") if isinstance(fields, dict) else None
        if version not in (1, SCHEMA_VERSION):
            raise ModelError(
                f"{path}: model schema {version}, this imgwatch reads 1 to {SCHEMA_VERSION}; train again"
            )
        return msgspec.convert(fields, Contract)
    except (json.JSONDecodeError, RecursionError) as fault:
        raise ModelError(f"{path}: the model's metadata is not JSON: {fault}") from fault
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as fault:
        raise ModelError(f"{path}: the model's metadata is wrong: {fault}") from fault


def golden_pictures(seed: int, count: int, shape: Shape) -> Pixels:
    """Return `count` seeded smooth pictures, uint8 [count, height, width, channels], made with integers alone.

    Each is an 8x8 grid of colours enlarged by repetition, so that every platform makes the same bytes.
    """
    grid = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, shape.channels), dtype=np.uint8)
    rows = np.arange(shape.height) * 8 // shape.height
    columns = np.arange(shape.width) * 8 // shape.width
    return np.ascontiguousarray(grid[:, rows][:, :, columns])


def write_model(
    proto: onnx.ModelProto, contract: Contract, path: Path, more: Mapping[str, str] | None = None
) -> None:
    """Write a model with the contract, and `more` texts, in its metadata; replace the file at `path` atomically.

    Raises CannotCreate.
    """
    metadata = {**(more or {}), METADATA_KEY: msgspec.json.encode(contract).decode()}
    others = [entry for entry in proto.metadata_props if entry.key not in metadata]
    del proto.metadata_props[:]
    proto.metadata_props.extend(others)
    for key, text in metadata.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, text
    replace_atomically(path, proto.SerializeToString())
