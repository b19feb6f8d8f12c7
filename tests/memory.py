"""Folders in memory for tests that make thousands of small files: what the program asks of a disk, others test."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
NAME = "imgwatch-tests"  # then the session's pid: killed daemons and sessions leave what bears it


def module_command(module: str) -> list[str]:
    """Return a command that runs a module; its semaphores bear this session's name, and are removed after a kill."""
    program = (
        "import multiprocessing, runpy\n"
        f"multiprocessing.current_process()._config['semprefix'] = '/{NAME}-{os.getpid()}'\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-c", program]


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Make a folder for the length of a with statement, in memory where there is a file system in memory."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-{os.getpid()}-", dir=parent) as folder:
        yield Path(folder)


def remove_leftovers() -> None:
    """Remove semaphores and folders of this session, and of sessions that are no more."""
    for path in [*MEMORY.glob(f"sem.{NAME}-*"), *MEMORY.glob(f"{NAME}-*")]:
        pid = path.name.partition(f"{NAME}-")[2].partition("-")[0]
        if pid == str(os.getpid()) or not Path("/proc", pid).exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
