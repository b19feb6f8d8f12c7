"""Whether somebody has a file open for writing. It opens nothing, and changes nothing."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from contextlib import suppress
from pathlib import Path

from imgwatch.mounts import asks_server_for_leases

_PROC = Path("/proc")


def has_writer(descriptor: int) -> bool:
    """Return whether somebody has the open file open for writing; False too where neither kernel nor /proc tell.

    A read lease is refused with EAGAIN while a writer has the file, see fcntl(2). Where none is given at all (FUSE,
    NFS, a file of another user), the processes that this user may look into are asked. So they are on NFS 4 and SMB,
    which also refuse with EAGAIN where the server has not delegated the file.
    """
    try:
        # Should a writer come just now, the kernel signals us: SIGURG is ignored, SIGIO would kill.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        is_proof = error.errno == errno.EAGAIN and not asks_server_for_leases(os.fstat(descriptor).st_dev)
        return is_proof or has_writer_in_proc(descriptor)
    with suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def has_writer_in_proc(descriptor: int) -> bool:
    """Return whether a process has the file open for writing, by the open files of all processes; see proc(5).

    Paths are compared first: a look at a file on a server that is gone would hang.
    """
    path, status = _path_of(_PROC / f"self/fd/{descriptor}"), os.fstat(descriptor)
    for process in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            for opened in (process / "fd").iterdir():
                if _path_of(opened) == path and _is_written(opened, process, status):
                    return True
    return False


def _path_of(opened: Path) -> Path | None:
    try:
        return opened.readlink()
    except OSError:  # closed meanwhile
        return None


def _is_written(opened: Path, process: Path, status: os.stat_result) -> bool:
    try:
        if not os.path.samestat(opened.stat(), status):
            return False
        text = (process / "fdinfo" / opened.name).read_text()
    except OSError:
        return False
    flags = next((line.split()[1] for line in text.splitlines() if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
