"""Prepare TensorFlow for a training run: quiet, repeatable, with a number of threads. It fits nothing."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def prepare_tensorflow(seed: int, threads: int) -> None:
    """Import TensorFlow without its messages, and make later computations repeatable.

    Call it before the first import of a module that uses TensorFlow.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    if "keras" not in sys.modules:
        _import_keras()
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    with suppress(RuntimeError):  # an earlier run in this process has started its threads
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)


def _import_keras() -> None:
    """Import Keras and TensorFlow. Their half a million objects stay, and are never searched for cycles."""
    gc.disable()
    try:
        with _without_stderr():
            import keras  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Discard what C++ code writes to descriptor 2 in the block; no log level silences its first lines."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
