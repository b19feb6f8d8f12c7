"""What the model itself takes, decoding left out: 8-bit integers against the published float network, one thread."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from figures import Figure, Setting

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.model.contract import INPUT, golden_pictures
from imgwatch.model.session import open_session
from imgwatch.picture.decoding import Shape
from imgwatch_train.backbone.convert import build, published_weights
from imgwatch_train.backbone.torch_weights import read_weights
from imgwatch_train.perceptual.recipe import BACKBONE


def encoder(setting: Setting) -> Iterator[Figure]:
    """One picture at a time, the networks in turns: medians."""
    whole = build(read_weights(published_weights()))
    published = onnx.utils.Extractor(whole).extract_model([INPUT], ["pooled"])
    networks = {
        "published": (open_session(published.SerializeToString(), 1), ["pooled"]),
        "float": (open_session(whole.SerializeToString(), 1), ["statistics", "pooled"]),
        "integers": (open_session(str(BACKBONE), 1), ["statistics", "pooled"]),
        "model": (open_session(str(DEFAULT_MODEL), 1), ["score", "parts"]),
    }
    picture = golden_pictures(1, 1, Shape(224, 224, "RGB"))
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(setting.sized(200, 30) * setting.runs):
        for name, (session, outputs) in networks.items():
            seconds[name].append(_timed(session, outputs, picture))
    median = {name: float(np.median(values)) for name, values in seconds.items()}
    yield Figure(
        "model: published network in float32, one picture, one thread", 1e3 * median["published"], "ms"
    )
    yield Figure(
        "model: the model that ships / published network",
        median["model"] / median["published"],
        "",
        at_most=1.3,
    )
    yield Figure(
        "model: backbone in 8-bit integers / in float32",
        median["integers"] / median["float"],
        "",
        at_most=1.0,
    )


def _timed(session: Any, outputs: list[str], picture: np.ndarray) -> float:
    start = time.perf_counter()
    session.run(outputs, {INPUT: picture})
    return time.perf_counter() - start
