"""Judging on a cluster: does compute scale with workers, is the coordinator's memory flat, what does a row cost?

    .venv/bin/python benchmarks/cluster.py [--many 100000] [--only compute|memory]

1. Compute: JPEGs of 1.9 megapixels, the model that ships; `rescan` alone, then a real scheduler with one and with two
   workers, each held to one processor. Pictures a second behind the first batch, and ratios in this run.
2. Memory: `rescan --cluster` over a tenth of --many and over all of these tiny pictures in one folder, in `report`
   mode, the tests' small model. Peak memory of the coordinator; what a second run costs that finds all judged.
The figures are in docs/scaling.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from conftest import write_brightness_model
from dask_cluster import DaskCluster

BATCH = 32  # pictures in a task
IMGWATCH = Path(sys.executable).with_name("imgwatch")


def write_photographs(folder: Path, number: int) -> None:
    """Write JPEGs that cost what photographs of 1600x1200 cost."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    for count in range(number):
        coarse = Image.fromarray(rng.integers(0, 256, (150, 200, 3), dtype=np.uint8))
        coarse.resize((1600, 1200), Image.Resampling.BICUBIC).save(folder / f"{count}.jpg", quality=88)


def write_tiny(folder: Path, first: int, last: int) -> None:
    """Write pictures of 8x8 pixels, each another file."""
    folder.mkdir(exist_ok=True)
    for count in range(first, last):
        pixels = np.full((8, 8, 3), 40, np.uint8)
        pixels[0, 0] = (count & 255, count >> 8 & 255, count >> 16 & 255)
        Image.fromarray(pixels).save(folder / f"{count}.png")


def write_config(folder: Path, inbox: Path, model: str | Path) -> Path:
    """Write a config whose ledger begins empty."""
    config = folder / f"{inbox.name}-{time.monotonic_ns()}.yaml"
    config.write_text(
        f"watch: [{{path: {inbox}}}]\nmodel: {model}\nmode: report\nstate: {config}.state\n"
        f"quarantine: {{path: {folder / 'quarantine'}}}\n"
    )
    return config


@dataclass(frozen=True)
class Run:
    """One `rescan`: verdicts, how many a second behind the first batch, what its own process took."""

    judged: int
    rate: float
    peak_megabytes: float
    processor_seconds: float


def high_water(pid: int) -> float:
    """Return the most memory that a process had, in MB; what getrusage says of a child counts its parent, too."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def rescan(config: Path, *options: str) -> Run:
    """Run it to its end."""
    command = [IMGWATCH, "rescan", "--json", "--config", config, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    times, peak = [], 0.0
    for _ in process.stdout:
        times.append(time.monotonic())
        if len(times) % BATCH == 0:
            with suppress(IndexError):  # it has just ended
                peak = high_water(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"rescan ended with {process.returncode}")
    rate = (len(times) - BATCH) / (times[-1] - times[BATCH - 1]) if len(times) > BATCH else 0.0
    return Run(len(times), rate, peak, usage.ru_utime + usage.ru_stime)


def hold(pid: int, processors: set[int]) -> None:
    """Hold a process, and what it starts from now on, to some processors."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), processors)


def measure_compute(scratch: Path, number: int) -> None:
    """Print pictures a second of one processor, one worker and two workers."""
    write_photographs(scratch / "photographs", number)
    inbox, everywhere = scratch / "photographs", os.sched_getaffinity(0)
    rates: dict[str, float] = {}
    costs: list[float] = []
    os.sched_setaffinity(0, {max(everywhere)})
    rates["rescan, one processor"] = rescan(write_config(scratch, inbox, "default")).rate
    os.sched_setaffinity(0, everywhere)
    for workers in (1, 2):
        folder = scratch / f"dask-{workers}"
        folder.mkdir()
        with DaskCluster(folder, workers) as dask:
            dask.wait_whole()
            for pid, processor in zip(dask.worker_pids(), sorted(everywhere, reverse=True), strict=False):
                hold(pid, {processor})
            before = spent(dask)
            run = rescan(write_config(scratch, inbox, "default"), "--cluster", dask.address)
            rates[f"cluster, workers: {workers}"] = run.rate
            costs.append((spent(dask) - before) / run.judged)
    alone = rates["rescan, one processor"]
    for what, rate in rates.items():
        print(f"{what:<24} {rate:6.1f} pictures a second, {rate / alone:.2f} of one processor", flush=True)
    print(
        "processor ms a picture, set-up included: " + ", ".join(f"{1000 * cost:.0f}" for cost in costs),
        flush=True,
    )


def spent(dask: DaskCluster) -> float:
    """Return the processor seconds of the workers and their decoders so far, whoever else was busy beside them."""
    trees = [psutil.Process(pid) for pid in dask.worker_pids()]
    processes = [process for tree in trees for process in (tree, *tree.children(recursive=True))]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measure_memory(scratch: Path, many: int) -> None:
    """Print the coordinator's peak memory over a tenth of the pictures and over all, and the ledger's size."""
    inbox, written = scratch / "tiny", 0
    model = write_brightness_model(scratch / "brightness.onnx")
    (scratch / "dask").mkdir()
    with DaskCluster(scratch / "dask", 2) as dask:
        for number in (many // 10, many):
            write_tiny(inbox, written, number)
            written = number
            config = write_config(scratch, inbox, model)
            run = rescan(config, "--cluster", dask.address)
            ledger = Path(f"{config}.state", "ledger.sqlite").stat().st_size
            start = time.monotonic()
            again = rescan(config, "--cluster", dask.address)
            print(
                f"{run.judged} of {number} judged, {run.rate:.0f} a second; coordinator: {run.peak_megabytes:.0f} MB, "
                f"{1e6 * run.processor_seconds / run.judged:.0f} us a picture; ledger {ledger / run.judged:.0f} bytes "
                f"each; again: {again.judged} judged, {time.monotonic() - start:.1f} s, "
                f"{again.peak_megabytes:.0f} MB",
                flush=True,
            )
        print(f"peak memory of the scheduler {high_water(dask.scheduler.pid):.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--photographs", type=int, default=640)
    parser.add_argument("--only", choices=("compute", "memory"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "memory":
            measure_compute(Path(folder), arguments.photographs)
        if arguments.only != "compute":
            measure_memory(Path(folder), arguments.many)


main()
