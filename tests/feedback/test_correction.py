"""What decisions teach: more junk is caught, no more normal pictures are lost, and all of it can be forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from conftest import WriteConfig, brightness_contract, brightness_graph, picture_bytes
from imgwatch.commands.configured_models import open_judge
from imgwatch.commands.context import load_settings, open_ledger, open_quarantine
from imgwatch.errors import UsageError
from imgwatch.feedback import learner
from imgwatch.feedback.correction import SAME, Correction, Example, fit_head
from imgwatch.feedback.learner import FeedbackLearner
from imgwatch.judging import Judge
from imgwatch.ledger import Ledger
from imgwatch.model.contract import write_model
from imgwatch.model.reference_set import KEY, ReferenceSet
from imgwatch.pipeline import Pipeline
from imgwatch.policy import Policy
from imgwatch.quarantine import Quarantine
from imgwatch.settings import Settings

Vectors = NDArray[np.float32]
THRESHOLD = 5.0


def _vectors(seed: int, count: int, shift: float = 0.0, width: int = 200) -> Vectors:
    return (np.random.default_rng(seed).normal(size=(count, width)) + shift).astype(np.float32)


def _normals() -> ReferenceSet:
    scores = np.random.default_rng(1).gamma(2.0, 1.0, 400).astype(np.float32)
    return ReferenceSet(scores, _vectors(2, 400))


def _examples(vectors: Vectors, is_junk: bool = True) -> list[Example]:
    return [Example(f"{number:064x}", is_junk, 0.0, vector) for number, vector in enumerate(vectors)]


def test_the_head_is_the_one_of_the_textbook() -> None:
    x = np.concatenate([_vectors(0, 60), _vectors(1, 8, 0.4)]).astype(np.float64)
    is_junk = np.arange(68) >= 60
    from sklearn.linear_model import LogisticRegression  # takes seconds to import

    expected = LogisticRegression(C=3e-4, class_weight="balanced", tol=1e-8, max_iter=1000).fit(x, is_junk)
    weights, bias, _ = fit_head(x, is_junk)
    assert np.allclose(weights, expected.coef_[0], atol=1e-5)
    assert bias == pytest.approx(expected.intercept_[0], abs=1e-4)


def test_leave_one_out_is_what_leaving_one_out_gives() -> None:
    x = np.concatenate([_vectors(0, 60), _vectors(1, 8, 0.4)]).astype(np.float64)
    is_junk = np.arange(68) >= 60
    _, _, left_out = fit_head(x, is_junk)
    for number in (0, 17, 59):
        rest = np.arange(68) != number
        weights, bias, _ = fit_head(x[rest], is_junk[rest])
        assert left_out[number] == pytest.approx(float(x[number] @ weights + bias), abs=0.02)


def _scores(seed: int, count: int) -> Vectors:
    """Draw scores of fresh normal pictures."""
    return np.random.default_rng(seed).gamma(2.0, 1.0, count).astype(np.float32)


def test_five_deletions_raise_what_is_like_them_and_keep_the_promise() -> None:
    lesson = Correction.learn(_examples(_vectors(3, 5, 0.3)), _normals(), THRESHOLD)
    junk, normal = np.full(200, 4.0, np.float32), _scores(6, 4000)
    assert np.mean(junk + lesson.added(junk, _vectors(4, 200, 0.3)) > THRESHOLD) > 0.7
    after = normal + lesson.added(normal, _vectors(5, 4000))
    assert np.mean(after > THRESHOLD) <= np.mean(normal > THRESHOLD) + 0.01


def _lessons() -> list[Correction]:
    """Lessons of junk that is clear, of junk that is half normal, and of deletions that are normal pictures."""
    normals, many, few = _normals(), THRESHOLD, float(np.max(_normals().scores))
    junk = [_vectors(3, 5, 0.3), _vectors(3, 50, 0.1), _vectors(3, 20), normals.embeddings[:6] + 1e-3]
    return [Correction.learn(_examples(v), normals, threshold) for v in junk for threshold in (many, few)]


def test_a_lesson_only_adds_so_that_what_was_caught_stays_caught() -> None:
    for lesson in _lessons():
        for shift in (0.0, 0.1, 0.3):
            assert lesson.added(_scores(8, 200), _vectors(9, 200, shift)).min() >= 0


def test_no_held_out_normal_picture_more_is_above_the_threshold() -> None:
    scores = _normals().scores
    for lesson, threshold in zip(_lessons(), [THRESHOLD, float(np.max(scores))] * 4, strict=True):
        assert lesson.normal_scores is not None
        assert (lesson.normal_scores > threshold).sum() == (scores > threshold).sum()


def test_of_fresh_normal_pictures_half_as_many_more_are_lost_at_most() -> None:
    """Over many lessons of what looks normal, with the threshold at the largest of 100 scores, as in a small folder."""
    rng, lost = np.random.default_rng(0), []
    for seed in range(60):
        scores = rng.gamma(2.0, 1.0, 100).astype(np.float32)
        normals = ReferenceSet(scores, _vectors(seed, 100, width=60))
        junk = _examples(_vectors(1000 + seed, 8, 0.05, width=60))
        lesson = Correction.learn(junk, normals, float(scores.max()))
        fresh = rng.gamma(2.0, 1.0, 2000).astype(np.float32)
        added = lesson.added(fresh, _vectors(2000 + seed, 2000, width=60))
        lost.append(np.mean(fresh + added > scores.max()) - np.mean(fresh > scores.max()))
    assert np.mean(lost) <= 0.5 / 101


def test_deletions_that_look_normal_leave_the_scores_alone() -> None:
    normals = _normals()
    lesson = Correction.learn(
        _examples(normals.embeddings[:6] + 1e-3), normals, float(np.max(normals.scores))
    )
    assert lesson.added(_scores(8, 5), _vectors(9, 5)).tolist() == [0.0] * 5


def test_before_three_deletions_the_head_is_silent() -> None:
    lesson = Correction.learn(_examples(_vectors(3, 2)), _normals(), THRESHOLD)
    assert lesson.added(_scores(8, 3), _vectors(4, 3)).tolist() == [0.0] * 3


def test_what_scores_higher_needs_less_likeness_to_what_was_deleted() -> None:
    lesson = Correction.learn(_examples(_vectors(3, 20, 0.1)), _normals(), THRESHOLD)
    like = _vectors(4, 400, 0.1)
    taken = [
        np.mean(score + lesson.added(np.full(400, score, np.float32), like) > THRESHOLD)
        for score in (1.0, 3.0, 4.9)
    ]
    assert taken[0] < taken[1] < taken[2]


def test_a_threshold_far_above_all_is_not_undermined() -> None:
    lesson = Correction.learn(_examples(_vectors(3, 20, 0.3)), _normals(), 40.0)
    scores = _scores(7, 200)
    assert np.mean(scores + lesson.added(scores, _vectors(4, 200, 0.3)) > 40.0) < 0.05


def test_copies_are_recognised_and_others_are_not() -> None:
    junk = _vectors(3, 1, 0.3)
    lesson = Correction.learn(_examples(junk), _normals(), THRESHOLD)
    copy = junk[0] + _vectors(9, 1)[0] * SAME / 3
    assert lesson.same_as("f" * 64, copy) is lesson.examples[0]
    assert lesson.same_as("f" * 64, _vectors(8, 1, 0.3)[0]) is None
    assert lesson.same_as(f"{0:064x}", _vectors(8, 1)[0]) is lesson.examples[0]


def test_what_a_normal_picture_is_near_to_recognises_no_copies() -> None:
    normals = _normals()
    lesson = Correction.learn(_examples(normals.embeddings[:1]), normals, THRESHOLD)
    assert lesson.same_as("f" * 64, normals.embeddings[0]) is None


def test_a_model_that_sees_all_pictures_close_together_recognises_no_copies() -> None:
    close = ReferenceSet(_normals().scores, _vectors(2, 400) * 0.01 + 1)
    assert Correction.learn(_examples(close.embeddings[:1] + 3), close, THRESHOLD).recognisable == ()


def test_normals_survive_the_model_file() -> None:
    normals = _normals()
    again = ReferenceSet.unpacked(normals.packed())
    assert np.array_equal(again.scores, normals.scores)
    assert np.abs(again.embeddings - normals.embeddings).max() < 0.03


class Daily:
    """A config whose model carries normal pictures, and what its user does."""

    def __init__(self, config: Path, inbox: Path) -> None:
        self.settings: Settings = load_settings(config)
        self.config, self.inbox = config, inbox

    def judge(self, *levels: int) -> list[str]:
        """Judge new pictures of these brightnesses, taught by all decisions so far; return verdicts and reasons."""
        paths = []
        for level in levels:
            paths.append(self.inbox / f"{len(list(self.inbox.iterdir()))}-{level}.png")
            paths[-1].write_bytes(picture_bytes(level))
        with open_ledger(self.settings) as ledger, open_judge(self.settings) as judge:
            self.refresh(ledger, judge)
            pipeline = Pipeline(lambda: judge, self.quarantine(ledger), ledger, Policy())
            done = [result.judged.judgement for result in pipeline.run(paths)]
        return [f"{judgement.verdict}: {judgement.reason}" for judgement in done]

    def refresh(self, ledger: Ledger, judge: Judge) -> None:
        FeedbackLearner(self.quarantine(ledger), ledger).refresh(judge)

    def quarantine(self, ledger: Ledger | None = None) -> Quarantine:
        return open_quarantine(self.settings, ledger)


@pytest.fixture
def daily(write_config: WriteConfig, tmp_path: Path) -> Daily:
    """Return a model that tells brightness apart finely: its embedding is spread over the scale."""
    graph, path = _spread_out(brightness_graph()), tmp_path / "taught.onnx"
    levels = np.linspace(0.05, 0.45, 12, dtype=np.float32)
    embeddings = np.stack([_spread(level) for level in levels])
    write_model(graph, brightness_contract(), path, {KEY: ReferenceSet(levels, embeddings).packed()})
    inbox = tmp_path / "inbox"
    return Daily(write_config(inbox, model=json.dumps(str(path))), inbox)


def _spread(level: float) -> Vectors:
    angles = level * np.array([40.0, 71.0, 113.0])
    return np.asarray(np.concatenate([np.sin(angles), np.cos(angles)]), dtype=np.float32)


def _spread_out(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace the embedding by sines and cosines of the score."""
    helper = onnx.helper
    del model.graph.node[-1]
    model.graph.node.extend(
        [
            helper.make_node("Mul", ["parts", "frequencies"], ["angles"]),
            helper.make_node("Sin", ["angles"], ["sines"]),
            helper.make_node("Cos", ["angles"], ["cosines"]),
            helper.make_node("Concat", ["sines", "cosines"], ["embedding"], axis=1),
        ]
    )
    model.graph.initializer.append(
        helper.make_tensor("frequencies", onnx.TensorProto.FLOAT, [1, 3], [40.0, 71.0, 113.0])
    )
    model.graph.output[-1].type.tensor_type.shape.dim[1].dim_value = 6
    return model


def test_a_copy_of_what_was_deleted_is_quarantined_at_once(daily: Daily) -> None:
    daily.judge(230)
    quarantine = daily.quarantine()
    (record,) = quarantine.list()
    from imgwatch.lifecycle import ReviewState

    quarantine.mark(record, ReviewState.BINNED)
    (said,) = daily.judge(230)
    assert said.startswith("quarantine: nearly the same as what you deleted on")


def test_a_copy_of_what_was_restored_is_kept(daily: Daily) -> None:
    daily.judge(230)
    with open_ledger(daily.settings) as ledger:
        from imgwatch.decisions import Decisions

        quarantine = daily.quarantine(ledger)
        Decisions(quarantine, ledger).restore(next(quarantine.list()))
    copy, other = daily.judge(230, 250)
    assert copy.startswith("keep: nearly the same as what you restored on")
    assert other.startswith("quarantine")


def test_a_decision_taken_back_teaches_nothing_and_all_can_be_forgotten(daily: Daily) -> None:
    from imgwatch.lifecycle import ReviewState

    daily.judge(230, 250)
    quarantine = daily.quarantine()
    first, second = quarantine.list()
    for record in (first, second):
        quarantine.mark(record, ReviewState.BINNED)
    quarantine.mark(first, ReviewState.OPEN)
    with open_ledger(daily.settings) as ledger, open_judge(daily.settings) as judge:
        daily.refresh(ledger, judge)
        assert [example.sha256 for example in judge.correction.examples] == [second.sha256]  # type: ignore[union-attr]
        assert learner.forget(quarantine, ledger) == 1
        daily.refresh(ledger, judge)
        with pytest.raises(UsageError, match="nothing was learned"):
            learner.forget(quarantine, ledger)
    assert "deleted" not in daily.judge(250)[0]
