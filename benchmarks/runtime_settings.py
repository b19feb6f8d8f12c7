"""What onnxruntime's settings make of the general model: seconds of a picture beside those of the settings in use.

    python benchmarks/runtime_settings.py [ROUNDS]

All settings take turns, so that a busy machine is busy for each of them alike; the least of all rounds counts. The time
is that of the clock, and that of the processors, which threads that wait for one another do not hide.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

import numpy as np
import onnxruntime

from imgwatch import memory
from imgwatch.model.contract import INPUT
from imgwatch.version import GENERAL_MODEL

PICTURES = 32
OUTPUTS = ["score", "parts"]
_LEVELS = onnxruntime.GraphOptimizationLevel
Change = Callable[[onnxruntime.SessionOptions], None]


def options(threads: int = 1, change: Change | None = None, spins: str = "0") -> onnxruntime.SessionOptions:
    """Return the settings of `model.scorer`, with one change."""
    made = onnxruntime.SessionOptions()
    made.intra_op_num_threads = threads
    made.inter_op_num_threads = 1
    made.log_severity_level = 4
    made.add_session_config_entry("session.intra_op.allow_spinning", spins)
    made.enable_cpu_mem_arena = False
    if change is not None:
        change(made)
    return made


def changed(**attributes: object) -> Change:
    """Return what sets these attributes."""

    def change(made: onnxruntime.SessionOptions) -> None:
        for name, value in attributes.items():
            setattr(made, name, value)

    return change


def entry(name: str, value: str) -> Change:
    """Return what sets this entry of a session's config."""
    return lambda made: made.add_session_config_entry(name, value)


def main() -> None:
    """Measure and print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    variants: dict[str, tuple[onnxruntime.SessionOptions, int]] = {
        "in use: batches of 8, one thread": (options(), 8),
        **{f"batches of {size}": (options(), size) for size in (1, 2, 4, 16, 32)},
        "an arena": (options(change=changed(enable_cpu_mem_arena=True)), 8),
        "no memory pattern": (options(change=changed(enable_mem_pattern=False)), 8),
        "basic optimisation": (options(change=changed(graph_optimization_level=_LEVELS.ORT_ENABLE_BASIC)), 8),
        "extended optimisation": (
            options(change=changed(graph_optimization_level=_LEVELS.ORT_ENABLE_EXTENDED)),
            8,
        ),
        "denormals as zero": (options(change=entry("session.set_denormal_as_zero", "1")), 8),
        "two threads": (options(2), 8),
        "two threads that spin": (options(2, spins="1"), 8),
    }
    memory.keep_freed()  # as the scorer does, which has no arena
    best = measured(variants, rounds)
    clock, processors = next(iter(best.values()))
    print(f"{1000 * clock / PICTURES:.2f} ms a picture; beside that (less is faster):\n")
    print("| settings | time | processors |\n|---|---|---|")
    for name, (seconds, used) in best.items():
        print(f"| {name} | {seconds / clock:.2f} | {used / processors:.2f} |")


def measured(
    variants: dict[str, tuple[onnxruntime.SessionOptions, int]], rounds: int
) -> dict[str, tuple[float, float]]:
    """Return the least seconds, and seconds of processors, for all pictures with each of the settings."""
    sessions = {
        name: onnxruntime.InferenceSession(GENERAL_MODEL, settings, providers=["CPUExecutionProvider"])
        for name, (settings, _) in variants.items()
    }
    first = next(iter(sessions.values())).get_inputs()[0].shape
    shape = (PICTURES, *(side for side in first[1:]))
    pictures = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    best = dict.fromkeys(variants, (float("inf"), float("inf")))
    for _ in range(rounds):
        turns = list(sessions.items())
        random.shuffle(turns)
        for name, session in turns:
            size, began, used = variants[name][1], time.perf_counter(), time.process_time()
            for start in range(0, PICTURES, size):
                session.run(OUTPUTS, {INPUT: pictures[start : start + size]})
            taken = (time.perf_counter() - began, time.process_time() - used)
            best[name] = (min(best[name][0], taken[0]), min(best[name][1], taken[1]))
    return best


if __name__ == "__main__":
    main()
