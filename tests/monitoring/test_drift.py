"""Has the folder changed? Simulated folders with seeds: how often it cries for nothing, and when it does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from imgwatch.drift import ALARM, AN_HOUR, BLOCK, FEWEST, LOOKS_A_YEAR, UNLUCKY, Drift, chance_of

HOUR = 3600.0
Floats = NDArray[np.float64]


def calibrated(rng: np.random.Generator, pictures: int) -> tuple[Floats, float]:
    """Draw the scores of held-out normal pictures, and the threshold of a promise of 1 % by them."""
    normal = np.sort(rng.standard_normal(pictures))
    return normal, float(normal[-max(1, pictures // 100)])


def kept(rng: np.random.Generator, threshold: float, count: int, shift: float = 0.0) -> Floats:
    scores = rng.standard_normal(2 * count + 50) + shift
    return scores[scores <= threshold][:count]


def looked(rng: np.random.Generator, normal: Floats, threshold: float, shift: float = 0.0) -> float:
    normal = normal[normal <= threshold]
    scores = kept(rng, threshold, BLOCK, shift)
    return chance_of(np.searchsorted(normal, scores, side="left") / len(normal), len(normal))


def noted(
    drift: Drift, scores: Floats, normal: Floats, threshold: float, hours: float = 1 / AN_HOUR
) -> Drift:
    """Let pictures arrive one by one, so many hours apart."""
    for number, score in enumerate(scores):
        drift = drift.noted(float(score), threshold, normal.tolist(), (1 + number * hours) * HOUR)
    return drift


@pytest.mark.parametrize("pictures", [200, 1000])
def test_an_unchanged_folder_expects_at_most_one_false_alarm_a_year(pictures: int) -> None:
    """A year of looks with each of many calibrations; 95 % of them must keep the promise, here all do on average."""
    rng = np.random.default_rng(pictures)
    years = []
    for _ in range(40):
        normal, threshold = calibrated(rng, pictures)
        years.append(sum(looked(rng, normal, threshold) <= ALARM for _ in range(int(LOOKS_A_YEAR))))
    assert np.mean(years) <= 1
    assert np.mean(np.array(years) > 1) <= UNLUCKY


def test_a_year_has_no_more_looks_than_that_however_full_the_folder() -> None:
    rng = np.random.default_rng(3)
    normal, threshold = calibrated(rng, 100)
    drift, looks, hours = Drift("m"), 0, 10 * BLOCK // AN_HOUR
    for minute in range(hours * 60):
        before, drift = drift, drift.noted(0.0, threshold, normal.tolist(), minute * 60.0)
        looks += bool(before.ranks) and not drift.ranks
    assert looks == 10
    assert hours / 10 * LOOKS_A_YEAR == pytest.approx(365.25 * 24)


@pytest.mark.parametrize(("shift", "seen"), [(0.3, 0.25), (0.5, 0.9), (1.0, 1.0)])
def test_a_changed_folder_is_seen_in_a_block(shift: float, seen: float) -> None:
    rng = np.random.default_rng(5)
    looks = [looked(rng, *calibrated(rng, 1000), shift) for _ in range(300)]
    assert np.mean(np.array(looks) <= ALARM) >= seen


def test_the_change_is_told_and_its_end_too() -> None:
    rng = np.random.default_rng(1)
    normal, threshold = calibrated(rng, 1000)
    drift = noted(Drift("m"), kept(rng, threshold, BLOCK - 1, 1.0), normal, threshold)
    assert not drift.is_known
    assert drift.summary == "199 of the first 200 kept pictures compared so far"
    drift = drift.noted(0.5, threshold, normal.tolist(), 1000 * HOUR)
    assert drift.drifts
    assert drift.summary.startswith(
        "your folder has changed: half of the last 200 kept pictures score above "
    )
    assert "imgwatch calibrate" in drift.summary
    again = noted(drift, kept(rng, threshold, BLOCK, 1.0), normal, threshold)
    assert again.drifts
    calm = noted(drift, kept(rng, threshold, BLOCK), normal, threshold)
    assert not calm.drifts
    assert calm.summary.startswith("as expected: half of the last 200")


def test_pictures_that_become_less_strange_keep_the_promise_and_are_no_drift() -> None:
    rng = np.random.default_rng(2)
    assert all(looked(rng, *calibrated(rng, 1000), -1.0) > 0.5 for _ in range(20))


def test_what_is_above_the_threshold_says_nothing_about_normal_pictures() -> None:
    rng = np.random.default_rng(4)
    normal, threshold = calibrated(rng, 1000)
    drift = noted(Drift("m"), np.full(10 * BLOCK, threshold + 1), normal, threshold)
    assert drift == Drift("m")
    assert Drift("m").noted(float("nan"), threshold, normal.tolist(), HOUR) == Drift("m")


def test_a_burst_of_junk_that_slips_under_the_threshold_is_a_few_pictures() -> None:
    """Two thousand in two hours, all as strange as can be and kept: ten count, among the 190 of a normal week."""
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(30):
        normal, threshold = calibrated(rng, 1000)
        drift = noted(Drift("m"), np.full(2000, threshold), normal, threshold, hours=2 / 2000)
        assert len(drift.ranks) == 2 * AN_HOUR
        after = noted(drift, kept(rng, threshold, BLOCK - 2 * AN_HOUR), normal, threshold, hours=1.0)
        assert after.is_known
        alarms += after.drifts
    assert alarms == 0


def test_there_must_be_enough_normal_pictures_to_compare_with() -> None:
    few = np.linspace(0, 1, FEWEST - 1).tolist()
    assert Drift("m").noted(0.5, 2.0, few, HOUR) == Drift("m")


def test_it_is_written_and_read_and_begins_anew_for_another_model() -> None:
    drift = Drift("m").noted(0.5, 2.0, np.linspace(0, 1, 100).tolist(), HOUR)
    assert drift.ranks == (0.5,)
    assert Drift.of("m", drift.to_json()) == drift
    assert Drift.of("other", drift.to_json()) == Drift("other")
    for broken in (None, "", "{", "3", "{}", json.dumps({"model": "m", "ranks": [1], "more": 1})):
        assert Drift.of("m", broken) == Drift("m")
