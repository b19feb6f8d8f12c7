"""Surprises and their fusion: monotone, calibrated, and not misled by a few outliers."""

from __future__ import annotations

import numpy as np

from imgwatch.calibration.fusion import Fusion, SurprisalCurves, clear_outliers, fit_robustly
from imgwatch.model.contract import Calibration


def normal_measures(count: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def test_a_surprise_is_the_negative_log_of_the_share_above() -> None:
    measures = normal_measures()[:, 0]
    surprisals = SurprisalCurves.fit(measures)(np.quantile(measures, [0.5, 0.9])[:, None])[:, 0]
    np.testing.assert_allclose(surprisals, -np.log([0.5, 0.1]), atol=0.02)


def test_a_surprise_never_falls_when_the_measure_grows() -> None:
    ramps = SurprisalCurves.fit(np.repeat([0.0, 1.0, 1.0, 2.0], 50))
    assert (np.diff(ramps(np.linspace(-3, 9, 200)[:, None])[:, 0]) >= 0).all()


def test_measures_that_are_all_equal_do_not_break_the_fit() -> None:
    assert np.isfinite(Fusion.fit(np.ones((30, 8), np.float32)).score(np.full((2, 8), 1.0))).all()


def test_one_strange_expert_is_enough_for_a_high_score() -> None:
    fusion, usual = Fusion.fit(normal_measures()), np.zeros((1, 8), np.float32)
    for column in range(8):
        strange = usual.copy()
        strange[0, column] = 8.0
        assert fusion.score(strange)[0] > fusion.score(normal_measures(seed=1)).max() * 0.8


def test_clear_outliers_are_left_out_of_the_fit() -> None:
    measures = normal_measures(1000)
    measures[:30] += 12
    fusion, is_outlier = fit_robustly(measures, np.ones(1000, bool))
    assert is_outlier[:30].all()
    assert is_outlier.sum() < 45
    clean = Fusion.fit(measures[30:])
    fresh = normal_measures(500, seed=2)
    expected = clean.score(fresh)
    usual = expected < np.quantile(expected, 0.98)  # beyond lies the tail, which a few pictures bend
    np.testing.assert_allclose(fusion.score(fresh)[usual], expected[usual], rtol=0.15, atol=0.15)


def test_never_more_than_six_percent_are_outliers() -> None:
    scores = np.concatenate((np.random.default_rng(0).exponential(size=900), np.full(100, 50.0)))
    assert clear_outliers(scores).mean() <= 0.06


def test_a_general_fusion_listens_to_the_head_alone() -> None:
    fusion, unlike = Fusion.fit(normal_measures()), np.zeros((1, 8), np.float32)
    unlike[0, :2] = 50.0
    assert fusion.without_folder().score(unlike)[0] < 3 < fusion.score(unlike)[0]


def test_neighbours_count_for_less_where_strangers_are_no_farther_away() -> None:
    measures, far = normal_measures(), np.zeros((1, 8), np.float32)
    far[0, 1] = 8.0
    narrow, wide = (Fusion.fit(measures, stranger) for stranger in (4.0, float(np.median(measures[:, 1]))))
    np.testing.assert_array_equal(narrow.score(far), Fusion.fit(measures).score(far))
    assert wide.score(far)[0] < 0.5 * narrow.score(far)[0]
    assert wide.surprisals(far)[0, 1] < 0.5 * narrow.surprisals(far)[0, 1]


def test_the_promise_holds_on_average_over_splits() -> None:
    realised = []
    for seed in range(40):
        scores = np.random.default_rng(seed).exponential(size=1400)
        threshold = Calibration.of(scores[:400], scores[:400, None]).threshold_for(0.05)
        realised.append(np.mean(scores[400:] > threshold))
    assert abs(np.mean(realised) - 0.05) < 0.01


def test_a_smaller_promise_never_gives_a_lower_threshold() -> None:
    scores = np.random.default_rng(1).exponential(size=200)
    calibration = Calibration.of(scores, scores[:, None])
    thresholds = [calibration.threshold_for(share) for share in np.linspace(0.001, 0.2, 300)]
    assert (np.diff(thresholds) <= 0).all()


def test_odd_pictures_among_the_normal_ones_are_normal_ones() -> None:
    scores = np.concatenate((np.random.default_rng(0).exponential(size=970), np.full(30, 60.0)))
    assert Calibration.of(scores, scores[:, None]).threshold_for(0.01) == 60.0
