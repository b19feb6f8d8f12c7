"""Where a model runs: on the processor, or on a CUDA card. Only the last test needs a card."""

import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from conftest import write_brightness_model
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.errors import ModelError, Unavailable
from imgwatch.model import session
from imgwatch.model.contract import INPUT, golden_pictures
from imgwatch.model.exact_integers import with_exact_integers
from imgwatch.model.scorer import Scorer
from imgwatch.model.session import is_on_card, open_session
from imgwatch.settings.section import Device

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
OPENED = onnxruntime.InferenceSession


@pytest.fixture
def package_for_cards(monkeypatch):
    """Let onnxruntime look like onnxruntime-gpu."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(
        onnxruntime, "preload_dlls", lambda: sys.stdout.write("no libcudnn.so.9\n"), raising=False
    )
    session._load_libraries.cache_clear()
    yield
    session._load_libraries.cache_clear()


def opened(device: Device):
    """Open the general model there."""
    return open_session(str(DEFAULT_MODEL), 1, device)


def test_without_the_package_for_cards_auto_takes_the_processor_and_cuda_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    assert not is_on_card(opened("auto"))
    with pytest.raises(Unavailable, match=r"device: cuda cannot be used: the package onnxruntime-gpu .*auto"):
        opened("cuda")


def test_without_a_card_the_driver_is_named(package_for_cards, monkeypatch):
    monkeypatch.setattr(session, "_count_cards", lambda: 0)
    assert not is_on_card(opened("auto"))
    with pytest.raises(Unavailable, match="the driver finds no card"):
        opened("cuda")


def test_libraries_that_cannot_be_loaded_are_named_and_nothing_is_printed(
    package_for_cards, monkeypatch, capfd
):
    monkeypatch.setattr(session, "_count_cards", lambda: 1)
    # onnxruntime leaves a provider out whose libraries it cannot load
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda model, options, providers, **_: OPENED(model, options, providers=[CPU]),
    )
    assert not is_on_card(opened("auto"))
    with pytest.raises(Unavailable, match=r"cannot load CUDA or cuDNN. no libcudnn.so.9; set"):
        opened("cuda")
    assert capfd.readouterr() == ("", "")


def test_a_card_that_refuses_is_done_without(package_for_cards, monkeypatch):
    def refuse(model, options, providers, **_):
        if providers != [CPU]:
            raise RuntimeError("CUDA failure 2:\nout of memory")
        return OPENED(model, options, providers=providers)

    monkeypatch.setattr(session, "_count_cards", lambda: 1)
    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    assert not is_on_card(opened("auto"))
    with pytest.raises(Unavailable, match="CUDA failure 2: out of memory"):
        opened("cuda")


def test_a_card_is_asked_for_full_precision(package_for_cards, monkeypatch):
    asked = []

    def note(model, options, providers, **_):
        asked.append(providers)
        return OPENED(model, options, providers=[CPU])

    monkeypatch.setattr(session, "_count_cards", lambda: 1)
    monkeypatch.setattr(onnxruntime, "InferenceSession", note)
    opened("auto")
    (card, options), processor = asked[0]
    assert (card, processor) == (CUDA, CPU)
    assert options["use_tf32"] == "0"


def test_whole_numbers_in_floats_give_the_very_scores_of_integers():
    exact = onnxruntime.InferenceSession(
        session._exact(str(DEFAULT_MODEL)), providers=[CPU], disabled_optimizers=["ConvMulFusion"]
    )
    pictures = golden_pictures(3, 8, Scorer(DEFAULT_MODEL).contract.shape)
    outputs = ["score", "parts", "embedding"]
    for expected, found in zip(
        opened("cpu").run(outputs, {INPUT: pictures}), exact.run(outputs, {INPUT: pictures}), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    kinds = {node.op_type for node in onnx.load_from_string(session._exact(str(DEFAULT_MODEL))).graph.node}
    assert "QuantizeLinear" not in kinds


def convolution(weights, zero, scale=0.02, **dequantized) -> onnx.ModelProto:
    """A quantized convolution of one channel, with weights of this type, scale and zero point."""
    make, scalar = onnx.helper.make_node, onnx.numpy_helper.from_array
    nodes = [
        make("QuantizeLinear", ["x", "s", "z"], ["xq"]), make("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        make("DequantizeLinear", ["w", "ws", "wz"], ["wd"], **dequantized), make("Conv", ["xd", "wd"], ["c"]),
        make("QuantizeLinear", ["c", "t", "u"], ["cq"]), make("DequantizeLinear", ["cq", "t", "u"], ["y"]),
    ]  # fmt: skip
    constants = {
        "s": np.float32(0.05), "z": np.uint8(7), "t": np.float32(0.11), "u": np.uint8(90),
        "w": weights, "ws": np.float32(scale), "wz": zero,
    }  # fmt: skip
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2, None, None]) for name in "xy"
    ]
    ends[1].type.tensor_type.shape.dim[1].dim_value = len(weights)
    tensors = [scalar(np.asarray(value), name) for name, value in constants.items()]
    graph = onnx.helper.make_graph(nodes, "convolution", [ends[0]], [ends[1]], tensors)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)


def outcome(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    opened = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=[CPU], disabled_optimizers=["ConvMulFusion"]
    )
    return opened.run(["y"], {"x": x})[0]


RNG = np.random.default_rng(1)
SIGNED = RNG.integers(-60, 60, (3, 2, 3, 3)).astype(np.int8)


@pytest.mark.parametrize(
    "model",
    [
        convolution(SIGNED, np.int8(0)),
        convolution((SIGNED.astype(int) + 128).astype(np.uint8), np.uint8(120)),
        convolution(SIGNED, np.int8([0, 0, 0]), [0.01, 0.02, 0.05], axis=0),
        convolution(SIGNED, np.int8([3, 0, -3]), [0.01, 0.02, 0.05], axis=0),
    ],
    ids=["as a whole", "unsigned with a zero point", "by channel", "by channel with zero points"],
)
def test_any_quantized_convolution_gives_the_same_integers(model):
    x = RNG.normal(2, 3, (1, 2, 9, 9)).astype(np.float32)
    exact = with_exact_integers(model)
    assert "QuantizeLinear" not in {node.op_type for node in exact.graph.node}
    np.testing.assert_allclose(outcome(exact, x), outcome(model, x), atol=1e-5)


def test_weights_that_are_quantized_along_another_axis_are_left_as_they_are():
    model = with_exact_integers(convolution(SIGNED, np.int8([0, 0]), [0.01, 0.05], axis=1))
    [convolved] = [node for node in model.graph.node if node.op_type == "Conv"]
    [weights] = [node for node in model.graph.node if node.op_type == "DequantizeLinear"]
    assert convolved.input[1] == weights.output[0]


class Failing:
    """A session on a card that was taken away."""

    def run(self, *_):
        raise RuntimeError("CUDA failure 700: an illegal memory access was encountered")


def put_on_failing_card(scorer: Scorer, device: Device) -> Scorer:
    scorer._session, scorer.is_on_card, scorer.device = Failing(), True, device
    return scorer


def test_where_a_card_fails_auto_goes_on_on_the_processor(model_file, caplog):
    pictures = golden_pictures(3, 4, Scorer(model_file).contract.shape)
    scorer = put_on_failing_card(Scorer(model_file), "auto")
    for _ in range(2):
        np.testing.assert_array_equal(scorer.score(pictures)[0], Scorer(model_file).score(pictures)[0])
    assert not scorer.is_on_card
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "CUDA failure 700" in caplog.text


def test_a_card_that_is_insisted_on_and_a_model_that_was_replaced_do_not_change_places(model_file, tmp_path):
    pictures = golden_pictures(3, 4, Scorer(model_file).contract.shape)
    with pytest.raises(RuntimeError, match="700"):
        put_on_failing_card(Scorer(model_file), "cuda").score(pictures)
    own = tmp_path / "own.onnx"
    own.write_bytes(model_file.read_bytes())
    scorer = put_on_failing_card(Scorer(own), "auto")
    write_brightness_model(own, threshold=0.2)
    with pytest.raises(RuntimeError, match="700"):
        scorer.score(pictures)
    assert scorer.is_on_card


def test_a_failure_on_the_processor_is_a_failure(model_file):
    pictures = golden_pictures(3, 4, Scorer(model_file).contract.shape)
    scorer = put_on_failing_card(Scorer(model_file), "auto")
    scorer.is_on_card = False
    with pytest.raises(RuntimeError, match="700"):
        scorer.score(pictures)


def test_a_damaged_model_is_named_as_that_whatever_the_device(package_for_cards, monkeypatch, tmp_path):
    monkeypatch.setattr(session, "_count_cards", lambda: 1)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model" * 100)
    for device in ("cuda", "auto", "cpu"):
        with pytest.raises(ModelError, match="not a model file of imgwatch, or a damaged one"):
            Scorer(damaged, tried=None, device=device)


def test_a_graph_without_integers_is_left_as_it_is(tmp_path):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "relu", [value], [result])
    model = onnx.helper.make_model(graph)
    assert with_exact_integers(model) == model


def test_a_driver_that_is_not_there_counts_no_cards():
    session._count_cards.cache_clear()
    assert session._count_cards() >= 0


def test_a_card_gives_the_same_scores():
    try:
        card = Scorer(DEFAULT_MODEL, device="cuda")
    except Unavailable as fault:
        pytest.skip(str(fault))
    pictures = golden_pictures(7, 16, card.contract.shape)
    for expected, found in zip(Scorer(DEFAULT_MODEL).score(pictures), card.score(pictures), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)
