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
_ROOM_BYTES = 4 << 30
NAME = "imgwatch-tests"  # then the session's pid: killed daemons and sessions leave what bears it


def module_command(module: str) -> list[str]:
    """Return a command that runs a module; its semaphores bear this session's name, and are removed after a kill."""
    program = (
        "import multiprocessing, runpy\n"
        f"multiprocessing.current_process()._config['semprefix'] = '/{NAME}-{os.getpid()}'\n"
        f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-c", program]


def keep_temporary_folders_in_memory() -> None:
    """Have pytest make them there, if there is room, and files have attributes as on a disk (Linux 6.6).

    A twentieth of the tests' processor time is spent on a disk, and most of their waiting.
    """
    try:
        room = os.statvfs(MEMORY)
        with tempfile.NamedTemporaryFile(dir=MEMORY) as probe:
            os.setxattr(probe.name, "user.probe", b"")
    except OSError:
        return
    if room.f_bavail * room.f_frsize > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Make a folder for the length of a with statement, in memory where there is a file system in memory."""
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-{os.getpid()}-", dir=parent) as folder:
        yield Path(folder)


@contextmanager
def folder_on_another_file_system(folder: Path) -> Iterator[Path]:
    """Make a folder for the length of a with statement, on another file system than this one."""
    named = os.environ.get("IMGWATCH_OTHER_FILE_SYSTEM")
    places = [Path(named)] if named else [MEMORY, Path(tempfile.gettempdir())]
    others = [place for place in places if place.is_dir() and place.stat().st_dev != folder.stat().st_dev]
    assert others, f"none of {places} is another file system: name one in IMGWATCH_OTHER_FILE_SYSTEM"
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-{os.getpid()}-", dir=others[0]) as other:
        yield Path(other)


def remove_leftovers() -> None:
    """Remove semaphores and folders of this session, and of sessions that are no more."""
    for path in [*MEMORY.glob(f"sem.{NAME}-*"), *MEMORY.glob(f"{NAME}-*")]:
        pid = path.name.partition(f"{NAME}-")[2].partition("-")[0]
        if pid == str(os.getpid()) or not Path("/proc", pid).exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
