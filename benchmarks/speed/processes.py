"""Run imgwatch's commands and look at what their processes use. It computes no figure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

IMGWATCH = Path(sys.executable).with_name("imgwatch")
_TICK = os.sysconf("SC_CLK_TCK")
# The end of a script that says the most memory it had. Not getrusage: that counts the process which started it, too.
TELL_PEAK = """
with open("/proc/self/status") as status:
    [peak] = [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
"""


def tree_of(pid: int) -> list[int]:
    """Return a process and all below it."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            pids += [below for child in task.read_text().split() for below in tree_of(int(child))]
    return pids


def memory_megabytes(pid: int) -> float:
    """Return the memory of a process and all below it: shared pages count in proportion (PSS, see proc(5))."""
    total = 0
    for member in tree_of(pid):
        with suppress(OSError):
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
    return total / 1024


def processor_seconds(pid: int) -> float:
    """Return how long a process and all below it have computed."""
    total = 0
    for member in tree_of(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def wake_ups(pid: int) -> int:
    """Return how often the threads of a process and all below it have waited for something."""
    total = 0
    for member in tree_of(pid):
        for task in Path(f"/proc/{member}/task").glob("*/status"):
            with suppress(OSError):
                match = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", task.read_text(), re.MULTILINE)
                total += int(match[1]) if match else 0
    return total


@dataclass
class Peak:
    """The most memory that a process tree had while this was open, looked at ten times a second."""

    pid: int
    megabytes: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.megabytes = max(self.megabytes, memory_megabytes(self.pid))


@dataclass(frozen=True)
class Workspace:
    """A folder with an inbox, a state, a quarantine, and a config for them."""

    home: Path

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.home / "inbox"

    @property
    def config(self) -> Path:
        """The config file."""
        return self.home / "config.yaml"

    @property
    def moved(self) -> Path:
        """Where pictures lie that were moved."""
        return self.home / "quarantine" / "pictures"

    def set_up(self, **keys: object) -> Self:
        """Make the inbox and write the config; `keys` are further keys of it, as YAML can read JSON."""
        self.inbox.mkdir(parents=True, exist_ok=True)
        config = {
            "watch": [{"path": str(self.inbox)}],
            "state": str(self.home / "state"),
            "quarantine": {"path": str(self.home / "quarantine")},
            "breaker": {"window": 1_000_000, "share": 1},
        }
        self.config.write_text(json.dumps(config | keys))
        return self

    def run(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run a command with this config and return the objects that it prints."""
        command = [IMGWATCH, *arguments, "--json", "--config", self.config]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self) -> dict[str, Any]:
        """Ask the daemon how it is."""
        return next(iter(self.run("status")), {})

    @contextmanager
    def watching(self) -> Iterator[int]:
        """Run the daemon and give its pid, once it watches."""
        with (self.home / "log").open("ab") as log:
            daemon = subprocess.Popen([IMGWATCH, "watch", "--config", self.config], stderr=log)
        try:
            while not self.status().get("alive"):
                if daemon.poll() is not None:
                    sys.exit((self.home / "log").read_text())
                time.sleep(0.2)
            yield daemon.pid
        finally:
            daemon.terminate()
            daemon.wait()
