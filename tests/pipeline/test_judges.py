"""A model for each folder: the innermost watched folder decides, one file is loaded once, workers are shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from conftest import (
    bright,
    brightness_contract,
    brightness_graph,
    dark,
    picture_bytes,
    write_brightness_model,
)
from daemon import wait_until
from imgwatch.errors import ModelError
from imgwatch.judges import Judges, ModelChoice
from imgwatch.live_model import LiveModel
from imgwatch.picture.decoding import Limits
from imgwatch.settings import ThresholdRule

STRICT = ThresholdRule(score=0.1)


@pytest.fixture
def judges(tmp_path: Path, model_file: Path) -> Iterator[Judges]:
    other = write_brightness_model(tmp_path / "other.onnx", threshold=0.95)
    folders = {
        tmp_path / "a": ModelChoice(other, None),
        tmp_path / "a" / "inner": ModelChoice(model_file, STRICT),
        tmp_path / "b": ModelChoice(model_file, STRICT),
    }
    with Judges(ModelChoice(model_file, None), folders, Limits()) as opened:
        yield opened


def test_the_innermost_folder_decides(tmp_path: Path, judges: Judges) -> None:
    pictures = [
        bright(tmp_path / "a" / "1.png"),  # the other model finds it normal
        dark(tmp_path / "a" / "inner" / "2.png"),  # the strict threshold finds it strange
        dark(tmp_path / "b" / "3.png"),
        dark(tmp_path / "c" / "4.png"),
        bright(tmp_path / "c" / "5.png"),
    ]
    verdicts = {one.path: str(one.judgement.verdict) for one in judges.judge(pictures)}
    assert [verdicts[path] for path in pictures] == ["keep", "quarantine", "quarantine", "keep", "quarantine"]


def test_a_file_is_loaded_once_and_workers_are_shared(
    tmp_path: Path, judges: Judges, model_file: Path
) -> None:
    assert judges.of(tmp_path / "b") is judges.of(tmp_path / "a" / "inner")
    assert judges.of(tmp_path / "b").scorer is judges.main.scorer
    assert judges.of(tmp_path / "a").scorer is not judges.main.scorer
    assert len({id(judge.decoder) for judge in judges.of_all}) == 1
    assert len(judges.files) == 2


def test_models_that_see_pictures_in_other_sizes_share_workers(tmp_path: Path, model_file: Path) -> None:
    small = tmp_path / "small.onnx"
    write_small_model(small)
    with Judges(
        ModelChoice(model_file, None), {tmp_path / "a": ModelChoice(small, None)}, Limits()
    ) as judges:
        pictures = [bright(tmp_path / "a" / "1.png"), bright(tmp_path / "b" / "2.png")]
        models = [one.judgement.model.split("-")[0] for one in judges.judge(pictures)]
    assert models == ["small", "brightness"]


def write_small_model(path: Path) -> None:
    """Write the model of brightness for pictures of 16 by 16 pixels."""
    from msgspec.structs import replace

    from imgwatch.model.contract import SelfTest, golden_pictures, write_model
    from imgwatch.picture.decoding import Shape

    graph = brightness_graph()
    graph.graph.input[0].CopyFrom(
        helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", 16, 16, 3])
    )
    graph.graph.output[2].CopyFrom(
        helper.make_tensor_value_info("error_map", TensorProto.FLOAT, ["N", 16, 16])
    )
    golden = golden_pictures(7, 4, Shape(16, 16, "RGB")).astype(np.float64).mean(axis=(1, 2, 3)) / 255.0
    contract = replace(
        brightness_contract(), height=16, width=16, self_test=SelfTest(seed=7, scores=tuple(golden.tolist()))
    )
    write_model(graph, contract, path)


def test_each_file_is_followed_and_a_faulty_one_refused_by_itself(tmp_path: Path, model_file: Path) -> None:
    main = write_brightness_model(tmp_path / "main.onnx")
    own = write_brightness_model(tmp_path / "own.onnx")
    live = LiveModel(ModelChoice(main, None), Limits(), 1, {tmp_path / "a": ModelChoice(own, None)})
    judge = live.judges.of(tmp_path / "a" / "x.png")
    own.with_suffix(".new").write_bytes(b"no model")
    own.with_suffix(".new").replace(own)
    write_brightness_model(main, threshold=0.7)
    wait_until(live.refresh)
    wait_until(lambda: live.refresh() or live.refused)
    assert live.judge.threshold == 0.7
    assert live.judges.of(tmp_path / "a" / "x.png") is judge, "the running one stays"
    assert "own.onnx" in str(live.refused)
    write_brightness_model(own, threshold=0.3)
    wait_until(live.refresh)
    assert live.judges.of(tmp_path / "a" / "x.png").threshold == 0.3
    assert live.refused is None
    live.close()
    own.write_bytes(picture_bytes(40))
    with pytest.raises(ModelError, match=r"own\.onnx"):
        LiveModel(ModelChoice(main, None), Limits(), 1, {tmp_path / "a": ModelChoice(own, None)})
