"""Run a model file. `standard` knows what a score means."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from imgwatch.errors import ModelError, Unavailable
from imgwatch.model import reference_set
from imgwatch.model.contract import INPUT, METADATA_KEY, OUTPUTS, Contract, golden_pictures, parse_contract
from imgwatch.model.model_file import ModelFile, opened_model
from imgwatch.model.reference_set import ReferenceSet
from imgwatch.model.session import is_on_card, open_session
from imgwatch.model.time_limit import RunTooLong, TimeLimit
from imgwatch.model.tried_models import IN_THIS_PROCESS, TriedModels
from imgwatch.picture.decoding import Pixels
from imgwatch.settings.section import Device

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
_RUNTIME_PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from \S+ failed: ?)?")
_SELF_TEST_TOLERANCE = 1e-2  # kernels differ between processors by about 1e-5; another model by far more
_SECONDS = 20.0  # that a run may take, if nothing else is said; a batch takes a fraction of one


@dataclass(frozen=True)
class Explanation:
    """All outputs of a model for N pictures: score [N], parts [N, K], error_map [N, h, w], embedding [N, D]."""

    score: Floats
    parts: Floats
    error_map: Floats
    embedding: Floats


class Scorer:
    """A model file, checked and ready. Raises ModelError when the file is not usable.

    `seconds` limits one run: a batch of pictures, or the self-test. A longer one raises RunTooLong.
    `device`: where it runs; `auto` takes a CUDA card as long as it works. Raises Unavailable for `cuda` without one.
    `tried` are the models that passed a trial in a child process; any other is tried first. None: no trials.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 1,
        seconds: float = _SECONDS,
        tried: TriedModels | None = IN_THIS_PROCESS,
        device: Device = "cpu",
    ) -> None:
        self.path = path
        self.device: Device = device
        self._threads = threads
        self._limit = TimeLimit(seconds)
        self._card_lock = threading.Lock()
        with opened_model(path) as model:
            if tried is not None:
                tried.require(model, seconds)
            self._session = _session_of(model, threads, device)
        self._digest = model.digest
        self.is_on_card = is_on_card(self._session)
        self.name = (
            f"{path.stem}-{model.digest[:8]}"  # what the ledger, the records and the user call this model
        )
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.contract: Contract = parse_contract(metadata.get(METADATA_KEY), path)
        packed = metadata.get(reference_set.KEY)
        self.reference_set = ReferenceSet.unpacked(packed) if packed else None
        _check_signature(self._session, self.contract, path)
        self._reproduce_self_test()

    def score(self, pictures: Pixels) -> tuple[Floats, Floats]:
        """Score uint8 pictures [N, H, W, C]; return score [N] and parts [N, K]."""
        score, parts = self._run(pictures, OUTPUTS[:2])
        return score, parts

    def embed(self, pictures: Pixels) -> tuple[Floats, Floats, Floats]:
        """Score uint8 pictures [N, H, W, C]; return score [N], parts [N, K] and embedding [N, D]."""
        score, parts, embedding = self._run(pictures, ("score", "parts", "embedding"))
        return score, parts, embedding

    def explain(self, pictures: Pixels) -> Explanation:
        """Return all outputs for uint8 pictures [N, H, W, C]."""
        return Explanation(*self._run(pictures, OUTPUTS))

    def probe(self) -> None:
        """Score one picture. Raises ModelError if that fails or takes too long."""
        self._try_on(golden_pictures(self.contract.self_test.seed, 1, self.contract.shape))

    def _run(self, pictures: Pixels, outputs: tuple[str, ...]) -> list[Any]:
        session = self._session
        try:
            return self._limit.run(session, outputs, {INPUT: pictures})
        except RunTooLong:
            raise
        except Exception as fault:  # onnxruntime raises its own kinds
            self._leave_card(words_of(fault))
            if self._session is session:
                raise
            return self._limit.run(self._session, outputs, {INPUT: pictures})

    def _leave_card(self, why: str) -> None:
        """Go on on the processor with the same model, if `auto` put it on a card.

        Another program may take a card's memory, and a suspended machine all that was on it.
        """
        with self._card_lock:
            if not self.is_on_card or self.device != "auto":
                return
            with opened_model(self.path) as model:
                if model.digest != self._digest:
                    return
                self._session = _session_of(model, self._threads, "cpu")
            self.is_on_card = False
        log.warning("the CUDA card failed, so the model goes on on the processor: %s", why)

    def _try_on(self, pictures: Pixels) -> tuple[Floats, Floats]:
        try:
            return self.score(pictures)
        except RunTooLong as fault:
            raise ModelError(
                f"{self.path}: the model takes {fault} for {len(pictures)} small pictures"
            ) from fault
        except Exception as fault:  # onnxruntime raises its own kinds, and a broken graph any of them
            raise ModelError(f"{self.path}: the model does not run: {words_of(fault)}") from fault

    def _reproduce_self_test(self) -> None:
        expected = np.asarray(self.contract.self_test.scores, dtype=np.float32)
        pictures = golden_pictures(self.contract.self_test.seed, len(expected), self.contract.shape)
        scores, parts = self._try_on(pictures)
        if self.is_on_card and not _are_close(scores, expected):
            self._leave_card("its scores differ")
            scores, parts = self._try_on(pictures)
        if len(scores) != len(expected) or parts.shape[1:] != (len(self.contract.parts),):
            raise ModelError(f"{self.path}: the model's outputs are not those that its contract names")
        if not _are_close(scores, expected):
            raise ModelError(
                f"{self.path}: the self-test does not reproduce (expected {expected.round(4).tolist()}, "
                f"found {np.round(scores, 4).tolist()}); the file is damaged: train again"
            )


def _are_close(scores: Floats, expected: Floats) -> bool:
    """Return whether a self-test reproduces."""
    tolerance = _SELF_TEST_TOLERANCE
    is_as_long = len(scores) == len(expected)
    return is_as_long and np.allclose(scores, expected, rtol=tolerance, atol=tolerance * 0.1)


def _session_of(model: ModelFile, threads: int, device: Device) -> onnxruntime.InferenceSession:
    """Return a session that reads the open file itself: bytes from Python would stay in memory beside the weights."""
    try:
        return open_session(f"/proc/self/fd/{model.descriptor}", threads, device)
    except Unavailable:
        raise
    except Exception as fault:  # onnxruntime raises its own kinds
        raise ModelError(
            f"{model.path}: not a model file of imgwatch, or a damaged one ({words_of(fault)}); "
            "train or calibrate again"
        ) from fault


def words_of(fault: Exception) -> str:
    """Return onnxruntime's message, shortened, without its prefix of names, numbers and paths."""
    return _RUNTIME_PREFIX.sub("", str(fault)).strip()[:200] or type(fault).__name__


def _check_signature(session: onnxruntime.InferenceSession, contract: Contract, path: Path) -> None:
    inputs = {entry.name: entry for entry in session.get_inputs()}
    missing = sorted(set(OUTPUTS) - {entry.name for entry in session.get_outputs()})
    if set(inputs) != {INPUT} or inputs[INPUT].type != "tensor(uint8)":
        raise ModelError(
            f"{path}: the model must have the one input {INPUT!r} of uint8, it has {sorted(inputs)}"
        )
    if missing:
        raise ModelError(f"{path}: the model lacks the outputs {', '.join(missing)}")
    wanted = [contract.height, contract.width, contract.shape.channels]
    if [size for size in inputs[INPUT].shape[1:] if isinstance(size, int)] not in (wanted, []):
        raise ModelError(f"{path}: the model's input is {inputs[INPUT].shape}, its contract says {wanted}")
