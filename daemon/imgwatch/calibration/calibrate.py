"""Fit a finished model to a user's own normal pictures without TensorFlow: neighbours, calibration, threshold.

What the experts have learned stays: a calibrated general model knows junk as well as before, and
the user's pictures as neighbours. It chooses no pictures and prints nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from imgwatch.calibration.calibrated import Calibrated, Floats, load_onnx
from imgwatch.calibration.fusion import FIRST_KIND, NEIGHBOURS, Fusion, clear_outliers, fit_robustly
from imgwatch.calibration.measuring import Measured, measure
from imgwatch.calibration.neighbours import choose_bank, distances_to_bank, near_duplicates
from imgwatch.calibration.perceptual_file import STRANGER, bank_in, refitted
from imgwatch.calibration.selection import select
from imgwatch.errors import InputMissing
from imgwatch.evaluation.false_alarm_rate import measure_false_alarms
from imgwatch.kind_promises import LOOK_ALIKE
from imgwatch.model.contract import (
    Calibration,
    Contract,
    Threshold,
)
from imgwatch.model.reference_set import ReferenceSet
from imgwatch.model.scorer import Scorer
from imgwatch.nearest import unit
from imgwatch.picture.decoding import Limits
from imgwatch.progress import Progress
from imgwatch.settings import Device, ThresholdRule
from imgwatch.standard import calibrated_by_kind

FEWEST_PICTURES = 20
MOST_PICTURES = 10_000  # more make a threshold no surer; a seeded sample of them is taken
_SEED = 0
_SAME = 1e-4  # distance below which a picture is one that the bank has; another photograph of the scene is farther
_CALIBRATED = "calibrated"  # among the training facts: when, and from which model
_HAS_LEARNED = (
    "calibrated_on_learned"  # there, if so: it was trained on pictures that it was then calibrated on
)


def calibrate(  # noqa: PLR0913 - what a command knows
    model: Path,
    paths: Sequence[Path],
    rule: ThresholdRule,
    limits: Limits,
    threads: int,
    progress: Progress,
    keep_in: Path | None = None,
    device: Device = "cpu",
) -> Calibrated:
    """Fit the model to normal pictures. Raises InputMissing for fewer than 20 of them, ModelError, Unavailable.

    A perceptual model gets a new bank and fusion; any other one only a new calibration and threshold. What
    stands out still counts as normal: the threshold is the exact conformal quantile of all pictures.
    If the model was trained on some of them, its autoencoders would call every new picture strange, and are
    left out. The model's outputs for each picture are cached in the folder `keep_in`, for the next run.
    """
    scorer = Scorer(model, threads, device=device)
    measured = measure(scorer, _sample(paths), limits, threads, progress, keep_in)
    if len(measured.paths) < FEWEST_PICTURES:
        raise InputMissing(
            f"calibrating needs at least {FEWEST_PICTURES} readable pictures, found {len(measured.paths)}; "
            f"a promise of 1 % needs 99"
        )
    fit = (
        _fit_perceptual(model, scorer.contract, measured) if measured.is_perceptual else _fit_other(measured)
    )
    return Calibrated(
        _contract(scorer.contract, model, measured, fit, rule),
        measured.paths,
        fit.scores,
        fit.parts,
        measured.unreadable,
        int(fit.is_outlier.sum()),
        model,
        fit.tensors,
        fit.fusion,
        ReferenceSet.pick(fit.scores, measured.numbers["embedding"]),
        fit.has_learned,
    )


@dataclass(frozen=True)
class _Fit:
    """What N pictures made of a model: its new tensors, and its outputs for each picture, as if that were new."""

    scores: Floats
    parts: Floats
    is_outlier: NDArray[np.bool_]
    tensors: dict[str, Floats] = field(default_factory=dict)
    fusion: Fusion | None = None  # of a perceptual model
    has_learned: bool = False


def _sample(paths: Sequence[Path]) -> list[Path]:
    if len(paths) <= MOST_PICTURES:
        return list(paths)
    chosen = np.sort(np.random.default_rng(_SEED).permutation(len(paths))[:MOST_PICTURES])
    return [paths[index] for index in chosen]


def _has_learned(model: Path, contract: Contract, measured: Measured) -> bool:
    """Return whether a model was trained on some of the pictures: until it is calibrated, its bank has them."""
    if _CALIBRATED in contract.training:
        return _HAS_LEARNED in contract.training
    bank = bank_in(load_onnx(model))
    if not len(bank):
        return False
    nobody = np.full(len(measured.paths), -1)
    directions = unit(measured.numbers["direction"])
    nearest = distances_to_bank(directions, bank, nobody, np.zeros(len(bank), np.int64), nearest=1)
    return bool((nearest < _SAME).any())


def _fit_other(measured: Measured) -> _Fit:
    """Keep the model's outputs as they are."""
    scores = measured.numbers["score"]
    return _Fit(scores, measured.numbers["parts"], clear_outliers(scores))


def _fit_perceptual(model: Path, contract: Contract, measured: Measured) -> _Fit:
    """Choose a bank, and fit head and fusion; each picture is measured without itself and its copies."""
    has_learned = _has_learned(model, contract, measured)
    directions = unit(measured.numbers["direction"])
    groups = near_duplicates(directions)
    measures, head = measured.numbers["measures"].copy(), None
    if measured.junk is not None:
        projected = measured.numbers["projected"]
        head, odds = measured.junk.fit(projected), measured.junk.held_out(projected, groups)
        measures[:, FIRST_KIND:] = odds
    strongest = measures[:, FIRST_KIND:].max(axis=1)
    selection = select(directions, directions, groups, lambda teaches: strongest)
    bank = choose_bank(np.flatnonzero(selection.teaches), _SEED)
    measures[:, NEIGHBOURS] = distances_to_bank(directions, directions[bank], groups, groups[bank])
    fusion, is_outlier = fit_robustly(
        measures,
        ~selection.is_judged,
        contract.training.get(STRANGER),
        odds_compare=head is not None,
        has_learned=has_learned,
    )
    parts = fusion.surprisals(measures) if head is None else fusion.parts(measures)
    tensors = refitted(directions[bank], head, fusion)
    return _Fit(fusion.score(measures), parts, is_outlier, tensors, fusion, has_learned)


def _contract(
    contract: Contract, model: Path, measured: Measured, fit: _Fit, rule: ThresholdRule
) -> Contract:
    """Return the contract with a new calibration and threshold, and what is known of how they came about."""
    calibration = Calibration.of(fit.scores, fit.parts)
    threshold = Threshold.of(rule, calibration)
    promise = measure_false_alarms(fit.scores, threshold).facts()
    fitted = replace(
        contract,
        calibration=calibration,
        threshold=threshold,
        generic=False,
        training=contract.training
        | {_CALIBRATED: _facts(model, measured), "promise": promise}
        | ({_HAS_LEARNED: True} if fit.has_learned else {})
        | _look_alikes(measured),
    )
    return calibrated_by_kind(fitted, fit.scores, fit.parts)


def _facts(model: Path, measured: Measured) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "pictures": len(measured.paths),
        "unreadable": measured.unreadable,
        "from": model.name,
    }


def _look_alikes(measured: Measured) -> dict[str, Any]:
    if measured.junk is None:
        return {}
    return {LOOK_ALIKE: measured.junk.look_alikes(measured.numbers["projected"])}
