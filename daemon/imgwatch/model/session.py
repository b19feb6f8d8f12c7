"""Open a graph for onnxruntime: on the processor, or on a CUDA card where onnxruntime-gpu is installed.

https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html describes the options of the card.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
from functools import cache

import onnxruntime

from imgwatch import memory
from imgwatch.errors import Unavailable
from imgwatch.settings.section import Device

_NO_FOLDER = (
    "/proc/self/none"  # where weights outside of the file would be looked for: its digest covers none
)
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CUDA_OPTIONS = {
    "use_tf32": "0",  # its 10 bits of mantissa would change the scores
    "cudnn_conv_algo_search": "HEURISTIC",  # not a search for each new size of a batch
    "arena_extend_strategy": "kSameAsRequested",
}
_QUIET = 4  # onnxruntime's level for fatal errors alone


def open_session(model: str | bytes, threads: int, device: Device = "cpu") -> onnxruntime.InferenceSession:
    """Open an ONNX file (path) or graph (bytes) for steady, quiet use: so many threads, no spinning, no arenas.

    `auto` takes a CUDA card if there is one that works. Raises Unavailable if there is none for `cuda`, and what
    onnxruntime raises.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)  # set always: guessing crashes under some cpusets
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", _NO_FOLDER)
    options.enable_cpu_mem_arena = False  # an arena never shrinks; malloc does as much, and is told when to
    memory.keep_freed()
    session, obstacle = (None, "") if device == "cpu" else _open_on_card(model, options)
    if session is not None:
        return session
    on_processor = onnxruntime.InferenceSession(
        model, options, providers=[_CPU]
    )  # raises for a damaged model
    if device == "cuda":
        raise Unavailable(f"device: cuda cannot be used: {obstacle}; set `device: auto` to do without")
    return on_processor


def is_on_card(session: onnxruntime.InferenceSession) -> bool:
    """Return whether a session runs on a CUDA card."""
    return _CUDA in session.get_providers()


def _open_on_card(
    model: str | bytes, options: onnxruntime.SessionOptions
) -> tuple[onnxruntime.InferenceSession | None, str]:
    """Return a session on a card; or none, and why."""
    if _CUDA not in onnxruntime.get_available_providers():
        return None, "the package onnxruntime-gpu is not installed (it takes the place of onnxruntime)"
    if _count_cards() == 0:
        return None, "the driver finds no card, or this process may not open /dev/nvidia*"
    missing = _load_libraries()
    try:
        session = onnxruntime.InferenceSession(
            _exact(model),
            options,
            providers=[(_CUDA, _CUDA_OPTIONS), _CPU],
            enable_fallback=0,
            disabled_optimizers=["ConvMulFusion"],  # it makes fractions of the weights
        )
    except Exception as fault:  # noqa: BLE001 - onnxruntime raises its own kinds
        return None, " ".join(str(fault).split())[:300]
    if is_on_card(session):
        return session, ""
    return None, f"onnxruntime cannot load CUDA or cuDNN. {missing}"[:300].strip()


def _exact(model: str | bytes) -> bytes:
    """Return the graph of a file or of bytes such that a card computes the processor's integers."""
    import onnx  # takes a tenth of a second, and only cards need it

    from imgwatch.model.exact_integers import with_exact_integers

    proto = (
        onnx.load_from_string(model)
        if isinstance(model, bytes)
        else onnx.load(model, load_external_data=False)
    )
    serialized: bytes = with_exact_integers(proto).SerializeToString()
    return serialized


@cache
def _load_libraries() -> str:
    """Load CUDA and cuDNN, from the packages nvidia-* or the system's folders; return what onnxruntime prints."""
    onnxruntime.set_default_logger_severity(_QUIET)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        onnxruntime.preload_dlls()
    return " ".join(printed.getvalue().split())


@cache
def _count_cards() -> int:
    """Ask the driver for the number of its cards: 0 also where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
