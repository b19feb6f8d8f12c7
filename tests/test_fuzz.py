"""Hostile bytes in every place that reads what strangers may have written: they cost a verdict or a clear error."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imgwatch.config import parse_config
from imgwatch.errors import ConfigError
from imgwatch.picture.decoding import Limits, Shape, decode
from imgwatch.picture.formats import format_of_head
from imgwatch.picture.pillow import FORMATS
from imgwatch.picture.unreadable import Unreadable

SHAPE = Shape(16, 16, "RGB")
LIMITS = Limits(megapixels=4)
CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


def seeds() -> list[bytes]:
    """Return a small picture of every format."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 20, 3), dtype=np.uint8)
    samples = []
    for name in (name for name in FORMATS if name != "DIB"):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, name)
        samples.append(stream.getvalue())
    return samples


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a picture with some bytes changed, taken out, doubled or put elsewhere."""
    content = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        change = draw(st.sampled_from(["set", "cut", "double", "insert"]))
        if change == "set" and content:
            content[at] = draw(st.integers(0, 255))
        elif change == "cut":
            del content[at : at + draw(st.integers(1, 40))]
        elif change == "double":
            content[at:at] = content[at : at + draw(st.integers(1, 40))]
        else:
            content[at:at] = draw(st.binary(max_size=12))
    return bytes(content)


def must_have_one_outcome(content: bytes) -> None:
    """Decode to pixels of the shape asked for, or say why not; nothing else may come out."""
    format_of_head(content[:32])
    try:
        pixels = decode(content, SHAPE, LIMITS)
    except Unreadable:
        return
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damaged_pictures_have_one_outcome(content: bytes) -> None:
    must_have_one_outcome(content)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([seed[:24] for seed in seeds()] + [b""]))
def test_any_bytes_behind_a_good_beginning_have_one_outcome(content: bytes, beginning: bytes) -> None:
    must_have_one_outcome(beginning + content)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_once_was_found_stays_mended(path: Path) -> None:
    if path.suffix == ".yaml":
        with pytest.raises(ConfigError):
            parse_config(path.read_text(), path.name)
    else:
        must_have_one_outcome(path.read_bytes())


WORDS = ["null", "1", "-1", "0.5", ".nan", ".inf", "~/x", "/x", "[]", "{}", "true", "'*'", "2026-01-01", "''"]
KEYS = [
    "watch",
    "path",
    "model",
    "threshold",
    "false_alarms",
    "score",
    "quarantine",
    "limits",
    "train",
    "dense",
    "x",
]


def as_list(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def as_mapping(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"


YAML = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3).map(as_list)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(as_mapping)
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["watch", "model", "threshold", "mode", "limits", "train", "breaker"]), YAML
    )
    | st.text()
)
def test_any_config_is_settings_or_a_clear_error(document: dict[str, str] | str) -> None:
    text = (
        document
        if isinstance(document, str)
        else "".join(f"{key}: {value}\n" for key, value in document.items())
    )
    with suppress(ConfigError):
        assert parse_config(text, "c.yaml").watch
