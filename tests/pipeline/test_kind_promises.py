"""Kinds of junk with a promise of their own: kept on new pictures, and judged apart from the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import brightness_contract
from imgwatch.errors import ModelError
from imgwatch.evaluation.intervals import clopper_pearson
from imgwatch.judgement import Kind, ReasonCode, Verdict
from imgwatch.kind_promises import LOOK_ALIKE, OTHERS, silence_in_words
from imgwatch.model.contract import Calibration, Contract, Part, Threshold
from imgwatch.settings import ThresholdRule
from imgwatch.settings.kinds import Promised
from imgwatch.standard import Standard, calibrated_by_kind
from imgwatch.wording import sentence

PARTS = (
    Part(name="redrawing"),
    Part(name="neighbours", kind="expert"),
    *(Part(name=str(kind), kind="kind") for kind in (Kind.SCREENSHOT, Kind.DOCUMENT, Kind.CAPTION)),
)
SCREENSHOT, DOCUMENT, CAPTION = 2, 3, 4
FILE = Path("mine.onnx")


@dataclass(frozen=True)
class Drawn:
    """Scores [N] and parts [N, K] of drawn pictures."""

    scores: NDArray[np.float32]
    parts: NDArray[np.float32]


def drawn(count: int, seed: int, documents: int = 0) -> Drawn:
    """Draw normal pictures, the last of them documents."""
    parts = np.random.default_rng(seed).normal(-2, 2, (count, len(PARTS))).astype(np.float32)
    parts[count - documents :, DOCUMENT] += 12
    return Drawn(parts.max(axis=1), parts)


def fitted(normal: Drawn, share: float = 0.05) -> Contract:
    calibration = Calibration.of(normal.scores, normal.parts)
    threshold = Threshold.of(ThresholdRule(false_alarms=share), calibration)
    contract = msgspec.structs.replace(
        brightness_contract(), schema_version=2, parts=PARTS, calibration=calibration, threshold=threshold
    )
    return calibrated_by_kind(contract, normal.scores, normal.parts)


def standard(contract: Contract, promised: Promised, rule: ThresholdRule | None = None) -> Standard:
    return Standard.of(contract, "m", rule, promised, FILE)


def taken(judging: Standard, pictures: Drawn) -> list[Kind]:
    reasons = map(judging.why_junk, pictures.scores.tolist(), pictures.parts.tolist())
    return [reason.kind for reason in reasons if reason is not None]


def test_without_promises_of_their_own_nothing_changes() -> None:
    contract = fitted(drawn(400, 0))
    judging = standard(contract, ())
    assert judging.threshold == contract.threshold.score
    assert judging.kinds.facts() == {}
    fresh = drawn(2000, 1)
    assert len(taken(judging, fresh)) == np.count_nonzero(fresh.scores > contract.threshold.score)


@pytest.mark.parametrize("share", [0.01, 0.03])
def test_each_promise_is_kept_on_new_pictures(share: float) -> None:
    """Over many folders: with one, luck decides."""
    folders, fresh, count = 60, 500, {Kind.SCREENSHOT: 0, OTHERS: 0}
    for seed in range(folders):
        judging = standard(fitted(drawn(300, seed)), (("screenshot", share),))
        assert judging.kinds.facts() == {"screenshot": share, OTHERS: pytest.approx(0.05 - share)}
        for kind in taken(judging, drawn(fresh, 1000 + seed)):
            count[Kind.SCREENSHOT if kind is Kind.SCREENSHOT else OTHERS] += 1
    for promise, key in ((share, Kind.SCREENSHOT), (0.05 - share, OTHERS)):
        low, _ = clopper_pearson(count[key], folders * fresh)
        assert low <= promise


def test_a_picture_that_breaks_its_kinds_promise_alone_is_taken_as_that_kind() -> None:
    normal = drawn(400, 0)
    judging = standard(fitted(normal, 0.03), (("screenshot", 0.02),))
    assert judging.threshold > np.sort(normal.scores)[-9]
    [own] = judging.kinds.own
    parts = [-5.0, -5.0, own.limit + 0.01, -5.0, -5.0]
    judgement = judging.judge(judging.threshold - 0.1, parts, "ab")
    assert (judgement.verdict, judgement.kind) == (Verdict.QUARANTINE, Kind.SCREENSHOT)
    assert sentence(judgement.reason) == "looks like a screenshot (by its own promise, 2 %)"
    within = [-5.0, -5.0, own.limit, -5.0, -5.0]
    assert judging.judge(judging.threshold - 0.1, within, "ab").verdict is Verdict.KEEP


def test_what_is_called_a_kind_with_its_own_promise_is_judged_by_that_alone() -> None:
    judging = standard(fitted(drawn(400, 0)), (("screenshot", 0.003),))
    [own] = judging.kinds.own
    judgement = judging.judge(judging.threshold + 1, [-5.0, -5.0, own.limit - 0.1, -5.0, -5.0], "ab")
    assert judgement.verdict is Verdict.KEEP
    assert sentence(judgement.reason) == (
        "normal: called screenshot, and within that kind's own promise (0.3 %)"
    )
    document = judging.judge(judging.threshold + 1, [-5.0, -5.0, own.limit - 0.1, own.limit, -5.0], "ab")
    assert document.kind is Kind.DOCUMENT


def test_of_several_broken_promises_the_likeliest_kind_is_told() -> None:
    judging = standard(fitted(drawn(400, 0)), (("screenshot", 0.01), ("document", 0.01)))
    both = [-5.0, -5.0, 40.0, 41.0, -5.0]
    assert judging.judge(99.0, both, "ab").kind is Kind.DOCUMENT
    assert judging.judge(99.0, [*both[:4], 45.0], "ab").kind is Kind.CAPTION


def test_documents_in_a_folder_raise_no_threshold_but_their_own() -> None:
    contract = fitted(drawn(400, 0, documents=20), 0.02)
    shared = standard(contract, ())
    apart = standard(contract, (("document", 0.003),))
    assert shared.threshold > 8
    assert apart.threshold < 5
    [own] = apart.kinds.own
    assert own.limit > 12


def test_decisions_lift_what_lies_below_the_threshold_only() -> None:
    judging = standard(fitted(drawn(400, 0)), (("screenshot", 0.003),))
    [own] = judging.kinds.own
    within = [-5.0, -5.0, own.limit - 0.1, -5.0, -5.0]
    assert judging.judge(judging.threshold - 0.1, within, "ab", added=0.2).verdict is Verdict.QUARANTINE
    assert judging.judge(judging.threshold + 0.1, within, "ab", added=9.0).verdict is Verdict.KEEP
    assert judging.judge(np.nan, [99.0] * len(PARTS), "ab").reason.code is ReasonCode.NORMAL


def test_a_confidence_holds_for_the_promises_of_kinds_too() -> None:
    contract = fitted(drawn(400, 0))
    sure = standard(contract, (("screenshot", 0.02),), ThresholdRule(false_alarms=0.05, confidence=0.95))
    usual = standard(contract, (("screenshot", 0.02),), ThresholdRule(false_alarms=0.05))
    assert sure.kinds.own[0].limit > usual.kinds.own[0].limit
    assert sure.threshold > usual.threshold


def test_a_score_that_is_set_stays_for_the_others() -> None:
    judging = standard(fitted(drawn(400, 0)), (("screenshot", 0.02),), ThresholdRule(score=4.5))
    assert judging.threshold == 4.5
    assert judging.kinds.facts() == {"screenshot": 0.02}


def test_a_model_that_cannot_keep_them_says_what_to_run() -> None:
    whole = fitted(drawn(400, 0))
    uncalibrated = msgspec.structs.replace(whole.calibration, by_kind={})
    older = msgspec.structs.replace(whole, calibration=uncalibrated)
    with pytest.raises(ModelError, match=r"^mine.onnx: .*run `imgwatch calibrate`"):
        standard(older, (("screenshot", 0.01),))
    with pytest.raises(ModelError, match=r"does not know the kind card.*`model: default`"):
        standard(whole, (("card", 0.01),))
    with pytest.raises(ModelError, match=r"^mine.onnx: .*leave nothing of the 5.00 %"):
        standard(whole, (("screenshot", 0.02), ("document", 0.03)))


def test_a_kind_that_is_normal_in_the_folder_is_silent_and_says_so() -> None:
    whole = msgspec.structs.replace(
        fitted(drawn(400, 0), 0.02), training={LOOK_ALIKE: {"document": 13, "screenshot": 12, "dark": "?"}}
    )
    shared = standard(whole, ())
    assert silence_in_words(whole, shared.kinds) == {
        "document": "13 of your 400 normal pictures look like that, more than the promised 2 %; this kind is silent"
    }
    apart = standard(whole, (("screenshot", 0.015), ("document", 0.003)))
    assert list(silence_in_words(whole, apart.kinds)) == ["screenshot", "document"]
    set_by_hand = standard(whole, (), ThresholdRule(score=4.5))
    assert silence_in_words(whole, set_by_hand.kinds) == {}
    general = msgspec.structs.replace(whole, generic=True)
    assert silence_in_words(general, shared.kinds) == {}


def test_the_share_that_is_taken_is_the_sum_of_the_promises() -> None:
    judging = standard(fitted(drawn(400, 0)), (("screenshot", 0.01), ("document", 0.01)))
    assert judging.false_alarms == pytest.approx(0.05)
