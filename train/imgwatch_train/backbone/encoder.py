"""A backbone from any ONNX image encoder: `python -m imgwatch_train.backbone.encoder ENCODER --size 224 --out FILE`.

For a user's encoder, such as DINOv2 or MobileCLIP: one float input [N, 3, size, size], and an output of
tokens [N, T, C] or a map [N, C, h, w]. The result is a file for `train.perceptual.backbone`. It changes no weight.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, version_converter

from imgwatch.errors import ModelError
from imgwatch_train.backbone import sharpness
from imgwatch_train.backbone.convert import METADATA_KEY, MOMENT_FLOOR
from imgwatch_train.export.onnx_network import OPSET, Network

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_IR_VERSION = 8


@dataclass(frozen=True)
class InputScaling:
    """An encoder's input: side in pixels, and (x / 255 - mean) / std for each colour."""

    size: int
    mean: Sequence[float] = _IMAGENET_MEAN
    std: Sequence[float] = _IMAGENET_STD


def wrap(
    encoder: onnx.ModelProto, scaling: InputScaling, name: str, stranger: float | None = None
) -> onnx.ModelProto:
    """Return an encoder with scaling before and statistics after it. Raises ModelError if it has no suitable output."""
    encoder = version_converter.convert_version(encoder, OPSET)
    encoder = compose.add_prefix(encoder, "encoder/")
    output, shape = _spatial_output(encoder, scaling)
    before, after = _before(scaling), _after(shape)
    for part in (encoder, before, after):
        part.ir_version = _IR_VERSION
    below = compose.merge_models(before, encoder, io_map=[("scaled", encoder.graph.input[0].name)])
    whole = compose.merge_models(below, after, io_map=[(output, "tokens"), ("sharpness", "sharp")])
    kept = [entry for entry in whole.graph.output if entry.name in ("statistics", "pooled", "map")]
    del whole.graph.output[:]
    whole.graph.output.extend(
        sorted(kept, key=lambda entry: ("statistics", "pooled", "map").index(entry.name))
    )
    groups = [shape[0], shape[0], sharpness.COUNT]
    contract = {"name": name, "size": scaling.size, "groups": groups, "mapped": 0, "stranger": stranger}
    helper.set_model_props(whole, {METADATA_KEY: json.dumps(contract)})
    onnx.checker.check_model(whole)
    return whole


def _spatial_output(encoder: onnx.ModelProto, scaling: InputScaling) -> tuple[str, tuple[int, int, int]]:
    """Return name and (channels, height, width) of the spatial output; for tokens, height is 0, width their number."""
    for entry in encoder.graph.output:
        sides = [side.dim_value for side in entry.type.tensor_type.shape.dim]
        if len(sides) == 4 and all(sides[1:]):
            return entry.name, (sides[1], sides[2], sides[3])
        if len(sides) == 3 and all(sides[1:]):
            return entry.name, (sides[2], 0, sides[1])
    raise ModelError(
        f"the encoder has no output of fixed shape [N, T, C] or [N, C, h, w]; export it for pictures of {scaling.size}"
    )


def _before(scaling: InputScaling) -> onnx.ModelProto:
    net = Network()
    pixels = net.add("Cast", "pictures", to=TensorProto.FLOAT)
    planes = net.add("Transpose", pixels, perm=[0, 3, 1, 2])
    mean, std = (
        np.array(values, np.float32).reshape(1, 3, 1, 1) * 255 for values in (scaling.mean, scaling.std)
    )
    net.add("Div", net.add("Sub", planes, net.constant(mean)), net.constant(std), out="scaled")
    net.add("Identity", sharpness.add_sharpness(net, pixels, 1, scaling.size), out="sharpness")
    side = scaling.size
    outputs: dict[str, list[int | str]] = {
        "scaled": ["N", 3, side, side],
        "sharpness": ["N", sharpness.COUNT],
    }
    return compose.add_prefix(
        net.model("before", {"pictures": ["N", side, side, 3]}, outputs), "before/",
        rename_inputs=False, rename_outputs=False,
    )  # fmt: skip


def _after(shape: tuple[int, int, int]) -> onnx.ModelProto:
    """Return a graph from tokens or a map to means, log deviations and a map; tokens beyond a square come first."""
    channels, height, width = shape
    net, tensor = Network(), "tokens"
    inputs: dict[str, list[int | str]] = {
        "tokens": ["N", channels, height, width],
        "sharp": ["N", sharpness.COUNT],
    }
    if height == 0:
        inputs["tokens"] = ["N", width, channels]
        side = math.isqrt(width)
        grid = net.slice(tensor, width - side * side, width, axis=1)
        tensor = net.add("Transpose", grid, perm=[0, 2, 1])
        tensor = net.add("Reshape", tensor, net.constant(np.array([-1, channels, side, side])))
        height = width = side
    mean = net.mean(tensor, [2, 3], keepdims=True)
    centred = net.add("Sub", tensor, mean)
    variance = net.mean(net.add("Mul", centred, centred), [2, 3])
    deviation = net.add("Sqrt", net.add("Add", variance, net.number(1e-12)))
    logs = net.add("Log", net.add("Add", deviation, net.number(MOMENT_FLOOR)))
    pooled = net.mean(tensor, [2, 3], out="pooled")
    net.add("Concat", pooled, logs, "sharp", axis=1, out="statistics")
    net.add("Identity", tensor, out="map")
    outputs: dict[str, list[int | str]] = {
        "statistics": ["N", 2 * channels + sharpness.COUNT],
        "pooled": ["N", channels],
        "map": ["N", channels, height, width],
    }
    model = net.model("after", inputs, outputs, TensorProto.FLOAT)
    return compose.add_prefix(model, "after/", rename_inputs=False, rename_outputs=False)


def main() -> None:
    """Write the backbone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--mean", type=float, nargs=3, default=_IMAGENET_MEAN)
    parser.add_argument("--std", type=float, nargs=3, default=_IMAGENET_STD)
    parser.add_argument(
        "--stranger",
        type=float,
        help="cosine distance of unrelated pictures by the mean of the map or tokens",
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    scaling = InputScaling(arguments.size, arguments.mean, arguments.std)
    whole = wrap(onnx.load(str(arguments.encoder)), scaling, arguments.encoder.stem, arguments.stranger)
    arguments.out.write_bytes(whole.SerializeToString())


if __name__ == "__main__":
    main()
