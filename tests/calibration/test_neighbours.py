"""Near-duplicates, distances to a bank, and which pictures teach."""

from __future__ import annotations

import numpy as np

from imgwatch.calibration.neighbours import choose_bank, distances_to_bank, near_duplicates, spread_out
from imgwatch.calibration.selection import select
from imgwatch.nearest import unit


def directions(count: int, seed: int = 0, size: int = 32) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, size)))


def test_near_duplicates_share_a_group_even_across_blocks() -> None:
    rows = directions(1200)
    rows[1100] = unit(rows[3:4] + 0.001)[0]
    groups = near_duplicates(rows)
    assert groups[1100] == groups[3]
    assert len(set(groups.tolist())) == 1199


def test_a_folder_where_all_is_alike_is_not_one_group() -> None:
    alike = unit(directions(1) + 0.01 * directions(300, seed=1))
    assert len(set(near_duplicates(alike).tolist())) > 250


def test_a_distance_is_to_the_nth_picture_of_another_group() -> None:
    rows = directions(60)
    groups = np.arange(60)
    distances = distances_to_bank(rows, rows, groups, groups, nearest=5)
    expected = np.sort(1 - rows @ rows.T + 9 * np.eye(60), axis=1)[:, 4]
    np.testing.assert_allclose(distances, expected, atol=1e-5)


def test_a_cluster_of_copies_counts_once() -> None:
    rows = np.concatenate((directions(100), unit(directions(1, seed=9) + 0.01 * directions(50, seed=8))))
    kept = spread_out(rows)
    assert kept[100:].sum() == 1
    assert kept[:100].all()


def test_a_bank_is_a_seeded_choice_in_order() -> None:
    bank = choose_bank(np.arange(5000), seed=1)
    assert len(bank) == 1000
    assert (np.diff(bank) > 0).all()
    assert (bank == choose_bank(np.arange(5000), seed=1)).all()


def test_the_strangest_do_not_teach() -> None:
    rows = directions(200, size=4)
    odds = np.zeros(200)
    odds[:6] = 30.0
    selection = select(rows, rows, np.arange(200), lambda teaches: odds)
    assert selection.is_judged[:6].all()
    assert not selection.teaches[:6].any()
    assert selection.is_judged.mean() <= 0.06
