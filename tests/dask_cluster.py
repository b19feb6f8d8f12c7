"""A real Dask cluster for tests and benchmarks: a scheduler and its workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from distributed import Client

from daemon import wait_until
from imgwatch.cluster.judging import JudgeKit
from memory import module_command

LETHAL = "lethal.png"


class DaskCluster:
    """A scheduler on a port of its own choice, and workers of one thread each, under nannies that replace them."""

    def __init__(self, folder: Path, workers: int = 1, port: int = 0) -> None:
        self._folder, self._log = folder, folder / "dask.log"
        file = folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port, "--scheduler-file", file,
                                     "--no-dashboard", "--dashboard-address", "127.0.0.1:0")  # fmt: skip
        wait_until(lambda: file.exists() and file.stat().st_size, says=str(self._log))
        self.address = str(json.loads(file.read_text())["address"])
        self.nannies = [
            self._start("worker", self.address, "--nthreads", 1, "--nworkers", 1, "--no-dashboard")
            for _ in range(workers)
        ]
        wait_until(lambda: self._log.read_text().count("Registered to:") >= workers, says=str(self._log))

    def _start(self, kind: str, *arguments: object) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "PYTHONPATH": str(Path(__file__).parent),  # for what tests ship
            "PYTHONWARNINGS": "",
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_TEMPORARY_DIRECTORY": str(self._folder),
        }
        command = [*module_command(f"distributed.cli.dask_{kind}"), *map(str, arguments)]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.nannies, self.scheduler):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with its workers and their decoders
            process.wait()

    def worker_pids(self) -> list[int]:
        """Return the processes that compute: the nannies' children that run Dask's worker."""
        return [pid for nanny in self.nannies for pid in children_of(nanny.pid) if _is_spawned(pid)]

    def wait_whole(self) -> None:
        """Wait until the scheduler knows as many workers as there are nannies, which replace those that died."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.nannies), timeout=60)

    def kill_scheduler(self) -> None:
        """As a crash, or a machine that is switched off."""
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()


def children_of(pid: int) -> list[int]:
    """Return the children of a process, by whichever of its threads they were started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _is_spawned(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


class LethalKit(JudgeKit):
    """A judge that dies with its whole worker over one picture."""

    @contextmanager
    def open(self) -> Iterator[Callable[[Sequence[Any]], Any]]:
        with super().open() as bench:

            def judge(batch: Sequence[Any]) -> Any:
                if any(path.name == LETHAL for path, _ in batch):
                    os.kill(os.getpid(), signal.SIGKILL)
                return bench(batch)

            yield judge
