"""Where a model runs: on the processor, or on a CUDA card. Only the last test needs a card."""

import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from imgwatch.commands.context import DEFAULT_MODEL
from imgwatch.errors import Unavailable
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
