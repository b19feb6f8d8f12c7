from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import SHAPE, brightness_contract, brightness_graph, write_brightness_model
from imgwatch.errors import CannotCreate, ModelError
from imgwatch.model.contract import (
    METADATA_KEY,
    Calibration,
    Contract,
    golden_pictures,
    parse_contract,
    write_model,
)
from imgwatch.model.scorer import Scorer


def test_a_written_model_scores_and_reproduces(model_file: Path) -> None:
    scorer = Scorer(model_file)
    pictures = np.full((3, 32, 32, 3), 51, dtype=np.uint8)
    score, parts = scorer.score(pictures)
    assert score == pytest.approx([0.2] * 3, abs=1e-4)
    assert parts.shape == (3, 1)
    explained = scorer.explain(pictures)
    assert explained.error_map.shape == (3, 32, 32)
    assert explained.embedding.shape == (3, 3)
    assert scorer.name.startswith("brightness-")


def with_metadata(path: Path, change: Any) -> Path:
    contract = json.loads(msgspec.json.encode(brightness_contract()))
    change(contract)
    proto = brightness_graph()
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(contract)
    path.write_bytes(proto.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(schema_version=99), "model schema 99"),
        (lambda c: c.pop("threshold"), "threshold"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c["calibration"].update(scores=[3, 1]), "ascending"),
        (lambda c: c["self_test"].update(scores=[9, 9, 9, 9]), "self-test does not reproduce"),
        (lambda c: c.update(parts=[]), "differ in number"),
        (lambda c: c.update(height=64), "contract says"),
    ],
)
def test_a_model_with_a_wrong_contract_is_refused(tmp_path: Path, change: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        Scorer(with_metadata(tmp_path / "m.onnx", change), tried=None)
    assert "m.onnx" in str(caught.value)


def test_what_is_no_model_is_refused(tmp_path: Path, model_file: Path) -> None:
    other = tmp_path / "other.onnx"
    onnx.save(brightness_graph(), str(other))
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(model_file.read_bytes()[:-200])
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    for path in (other, cut, text, tmp_path / "missing.onnx"):
        with pytest.raises(ModelError, match=path.name):
            Scorer(path, tried=None)


def test_replacing_is_atomic_and_says_what_fails(tmp_path: Path) -> None:
    path = write_brightness_model(tmp_path / "m.onnx")
    before = path.read_bytes()
    write_brightness_model(path, threshold=0.7)
    assert path.read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.onnx"]
    with pytest.raises(CannotCreate, match=r"m\.onnx"):
        write_model(brightness_graph(), brightness_contract(), path / "m.onnx")


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=300),
    st.sampled_from([0.5, 0.05, 0.01, 0.001]),
)
def test_threshold_is_the_conformal_quantile(scores: list[float], false_alarms: float) -> None:
    values = np.asarray(scores, dtype=np.float32)
    threshold = Calibration.of(values, values[:, None]).threshold_for(false_alarms)
    rank = (1 - false_alarms) * (len(scores) + 1)
    lower, upper = (
        np.sort(values)[min(max(round(end), 1), len(scores)) - 1] for end in (np.floor(rank), np.ceil(rank))
    )
    assert lower <= threshold <= upper


def test_the_threshold_keeps_its_promise_on_average_and_gives_little_away() -> None:
    for heavy in (False, True):
        drawn = np.sort(np.random.default_rng(5).exponential(size=(4000, 260)), axis=1)
        if heavy:
            drawn = np.exp(drawn / 3)
        thresholds = [Calibration.of(row, row[:, None]).threshold_for(0.01) for row in drawn]
        realised = np.mean([np.exp(-(3 * np.log(t) if heavy else t)) for t in thresholds])
        assert 0.009 < realised <= 0.0101


def test_many_calibration_scores_are_thinned_without_moving_the_quantiles() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=40_000).astype(np.float32)
    calibration = Calibration.of(values, values[:, None])
    assert len(calibration.scores) == 5000
    for share in (0.5, 0.05, 0.01):
        assert (values > calibration.threshold_for(share)).mean() == pytest.approx(share, abs=0.0005)
    assert calibration.share_below(float(np.quantile(values, 0.9))) == pytest.approx(0.9, abs=0.001)


def test_golden_pictures_are_the_same_everywhere() -> None:
    golden = golden_pictures(3, 2, SHAPE)
    assert golden.shape == (2, 32, 32, 3)
    assert golden.dtype == np.uint8
    assert int(golden.astype(np.int64).sum()) == int(golden_pictures(3, 2, SHAPE).astype(np.int64).sum())
    assert len(np.unique(golden[0, :4, :4].reshape(-1, 3), axis=0)) == 1


@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(st.characters()),  # also without UTF-8
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from([*Contract.__struct_fields__]), inner)
            ),
        ).map(json.dumps),
    )
)
def test_hostile_metadata_is_a_model_error(metadata: str) -> None:
    with pytest.raises(ModelError):
        parse_contract(metadata, Path("m.onnx"))
