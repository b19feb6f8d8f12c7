"""The head that knows junk: right, honest about what it has seen, and the same after a journey in a model file."""

from __future__ import annotations

import numpy as np
import pytest

from imgwatch.calibration.head import JunkStatistics
from imgwatch.errors import ModelError
from imgwatch.judgement import Kind

WIDTH = 12
PLACES = {Kind.SCREENSHOT: 0, Kind.CAPTION: 1, Kind.BLURRED: 2}


def drawn(kind: Kind, count: int, seed: int, at: float = 5.0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype("f4")
    rows[:, PLACES[kind]] += at
    return rows


def normal(count: int, seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, WIDTH)).astype("f4")


@pytest.fixture(scope="module")
def junk() -> JunkStatistics:
    return JunkStatistics.of(normal(400), {kind: drawn(kind, 200, seed) for seed, kind in enumerate(PLACES)})


def test_each_kind_is_called_by_its_name(junk: JunkStatistics) -> None:
    head = junk.fit(normal(100, seed=3))
    for kind in PLACES:
        odds = head(drawn(kind, 200, seed=50))
        assert np.mean([junk.kinds[number] is kind for number in odds.argmax(axis=1)]) > 0.95
        assert (odds.max(axis=1) > 0).mean() > 0.9
    assert (head(normal(500, seed=4)).max(axis=1) > 0).mean() < 0.2


def test_a_folder_of_documents_makes_documents_normal(junk: JunkStatistics) -> None:
    usual = junk.fit(normal(300, seed=3))
    among_screenshots = junk.fit(drawn(Kind.SCREENSHOT, 300, seed=3))
    fresh = drawn(Kind.SCREENSHOT, 200, seed=60)
    assert np.median(among_screenshots(fresh).max(axis=1)) < 1 < np.median(usual(fresh).max(axis=1))
    assert np.median(among_screenshots(drawn(Kind.CAPTION, 200, seed=61)).max(axis=1)) > 1


def test_normal_pictures_that_look_like_a_kind_are_counted(junk: JunkStatistics) -> None:
    folder = np.concatenate([normal(300, seed=3), drawn(Kind.SCREENSHOT, 20, seed=60)])
    counts = junk.look_alikes(folder)
    assert 17 <= counts["screenshot"] <= 23
    assert counts["caption"] <= 3
    assert sum(junk.look_alikes(normal(300, seed=3)).values()) <= 9


def test_what_is_drawn_from_the_folder_takes_the_place_of_its_kind(junk: JunkStatistics) -> None:
    faint = drawn(Kind.BLURRED, 200, seed=7, at=2.5)
    own = junk.fit(normal(300, seed=3), {Kind.BLURRED: faint})
    assert np.median(own(faint)[:, 2]) > np.median(junk.fit(normal(300, seed=3))(faint)[:, 2])


def test_held_out_odds_are_those_of_strangers(junk: JunkStatistics) -> None:
    rows, fresh = normal(60, seed=3), normal(2000, seed=4)
    held_out = junk.held_out(rows, np.arange(60)).max(axis=1)
    seen, unseen = junk.fit(rows)(rows).max(axis=1), junk.fit(rows)(fresh).max(axis=1)
    assert seen.mean() < held_out.mean()
    assert abs(held_out.mean() - unseen.mean()) < 3 * unseen.std() / np.sqrt(60)


def test_copies_of_a_picture_are_held_out_together(junk: JunkStatistics) -> None:
    rows = normal(60, seed=3)
    rows[:30] = rows[0] + 4
    apart, together = (
        junk.held_out(rows, groups) for groups in (np.arange(60), np.maximum(np.arange(60), 29))
    )
    assert together[:30].max(axis=1).mean() > apart[:30].max(axis=1).mean()


def test_it_travels_as_text(junk: JunkStatistics) -> None:
    again = JunkStatistics.unpacked(junk.packed())
    assert again.kinds == junk.kinds
    fresh = normal(50, seed=8)
    np.testing.assert_allclose(again.fit(fresh)(fresh), junk.fit(fresh)(fresh), rtol=0.02, atol=0.05)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "UEsDBA=="])
def test_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="damaged"):
        JunkStatistics.unpacked(text)
