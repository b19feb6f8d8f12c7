"""The classic way, for `peers`: Keras' load_img and model.predict in batches of 32. Runs in a process of its own.

    python benchmarks/speed/keras_way.py FOLDER MODEL

Writes the same (untrained) network of the preset `conv` to the model file MODEL, judges the pictures in FOLDER with
Keras, and prints pictures a second, without the first batch.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from imgwatch.model.contract import Calibration, Contract, Threshold, golden_pictures, write_model
from imgwatch.model.session import open_session
from imgwatch.settings import ConvSettings
from imgwatch_train.runtime import prepare_tensorflow

_BATCH = 32


def main(folder: Path, model: Path) -> None:
    """Write the model, judge the pictures, print the rate."""
    prepare_tensorflow(0, 2)
    import keras

    from imgwatch_train.classic.architectures import PARTS, conv
    from imgwatch_train.export.onnx_graph import self_test_of, to_onnx

    built = conv(ConvSettings())
    shape = built.shape
    proto = to_onnx(built.graph, shape, golden_pictures(1, 4, shape), 1e-2)
    scores = np.linspace(0, 1, 100)
    contract = Contract(
        schema_version=1,
        architecture="conv",
        height=shape.height,
        width=shape.width,
        mode=shape.mode,
        parts=PARTS,
        calibration=Calibration.of(scores, scores[:, None]),
        threshold=Threshold(rule="score", value=1e9, score=1e9),
        self_test=self_test_of(open_session(proto.SerializeToString(), 1), shape),
    )
    write_model(proto, contract, model)
    paths = sorted(folder.iterdir())
    times = []
    for first in range(0, len(paths), _BATCH):
        size = (shape.height, shape.width)
        loaded = [
            keras.utils.load_img(path, color_mode="grayscale", target_size=size)
            for path in paths[first : first + _BATCH]
        ]
        pictures = np.stack([keras.utils.img_to_array(picture) for picture in loaded]) / 255.0
        _, redrawn = built.network.predict(pictures, batch_size=_BATCH, verbose=0)
        np.mean(np.square(pictures - redrawn), axis=(1, 2, 3))
        times.append(time.perf_counter())
    print((len(paths) - _BATCH) / (times[-1] - times[0]))


main(Path(sys.argv[1]), Path(sys.argv[2]))
