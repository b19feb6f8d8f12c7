from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import brightness_contract
from imgwatch.judgement import Kind, Reason, ReasonCode, Verdict
from imgwatch.model.contract import Calibration, Part
from imgwatch.settings import ThresholdRule
from imgwatch.standard import Standard, surprisal
from imgwatch.wording import percent, sentence

CONTRACT = brightness_contract()


def test_above_the_threshold_is_quarantined_with_a_reason() -> None:
    standard = Standard(CONTRACT, "m-1", 0.5)
    judgement = standard.judge(0.8, [0.8], "ab")
    assert judgement.verdict is Verdict.QUARANTINE
    assert "brighter than your pictures" in sentence(judgement.reason)
    assert standard.judge(0.5, [0.5], "ab").verdict is Verdict.KEEP
    assert "of your normal pictures" in sentence(standard.judge(0.2, [0.2], "ab").reason)


def test_a_score_that_is_no_number_is_kept() -> None:
    assert Standard(CONTRACT, "m", 0.5).judge(math.nan, [math.nan], "ab").verdict is Verdict.KEEP


def test_threshold_rules() -> None:
    calibration = CONTRACT.calibration
    assert CONTRACT.effective_threshold(None) == 0.5
    assert CONTRACT.effective_threshold(ThresholdRule(score=3.0)) == 3.0
    assert CONTRACT.effective_threshold(ThresholdRule(mean_plus_std=0.5)) == pytest.approx(
        calibration.mean + 0.5 * calibration.std
    )
    scores = np.asarray(calibration.scores)
    assert (scores > CONTRACT.effective_threshold(ThresholdRule(false_alarms=0.05))).mean() <= 0.05


def test_the_reason_names_the_part_that_stands_out() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    parts = (
        Part(name="a", says="odd"),
        Part(name="blur", kind="pseudo_junk", says="blurred: sharper are {share}"),
    )
    calibration = Calibration.of(rows.max(axis=1), rows)
    contract = msgspec.structs.replace(CONTRACT, parts=parts, calibration=calibration)
    blurred = Standard(contract, "m", 0.0).judge(9.0, [1.0, 9.0], "ab")
    assert blurred.reason == Reason(ReasonCode.BLURRED, {"share": 1.0, "pictures": 200})
    assert blurred.kind is Kind.BLURRED
    assert sentence(blurred.reason) == "blurred: all 200 of your pictures are sharper"
    odd = Standard(contract, "m", 0.0).judge(9.0, [9.0, 1.0], "ab")
    assert (sentence(odd.reason), odd.kind) == ("odd", Kind.STRANGER)
    assert Standard(contract, "m", 99.0).judge(9.0, [9.0, 1.0], "ab").kind is None


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=60), st.floats(-80, 80), st.floats(0, 30))
def test_surprise_never_falls_with_the_value(row: list[float], value: float, more: float) -> None:
    ascending = sorted(row)
    assert surprisal(ascending, value) <= surprisal(ascending, value + more) + 1e-9


def test_a_share_claims_no_more_than_its_pictures_show() -> None:
    assert percent(1.0, 200) == "all 200"
    assert percent(1.0, 2000) == "99.95 %"
    assert percent(0.5, 10) == "50.0 %"
