"""The daemon's state for other processes: a lock that only one daemon holds, and a small file that it updates."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from imgwatch.atomic_file import replacing
from imgwatch.errors import CannotCreate, Unavailable
from imgwatch.private_folder import opened_private

_LOCK = "daemon.lock"
_STATUS = "status.json"
STATE_MARKS = frozenset(  # what imgwatch itself puts into a state folder, by which that is known as its own
    (
        _LOCK,
        _STATUS,
        "ledger.sqlite",
        "quarantine.key",
        "tried-models",
        "api-tokens",
        "review.password",
        "embeddings.sqlite",
    )
)


class Pulse(msgspec.Struct, frozen=True):
    """The daemon's state, which it reports about every second while it works."""

    backlog: int  # pictures noticed and not judged yet
    breaker: str  # "open" | "closed"
    model: str
    threshold: float
    generic_model: bool
    folders: dict[str, str]  # path -> "watched" | "scanned" | "gone"
    troubles: tuple[str, ...] = ()  # what stands in the way now, in words
    alive: bool = True  # it watches; False while it waits at the start for what stands in the way
    false_alarms: float | None = (
        None  # share of normal pictures above the threshold, of a model of the user's own
    )
    causes: tuple[
        str, ...
    ] = ()  # the names of the first troubles' causes, which stay while the words may change
    messages: dict[str, int] | None = None  # sent, failed, given up; None where none are asked for
    promises: Mapping[str, float] = {}  # of kinds that have their own, and the others'
    silent: Mapping[str, str] = {}  # kinds that are normal in the folder, and why in words


class DaemonLock:
    """Held while a daemon runs on a state folder.

    Raises Unavailable, with its pid, while another one holds it, FolderNotOurs, CannotCreate.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            with opened_private(state, STATE_MARKS):
                pass
            self._descriptor = os.open(state / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise CannotCreate(f"{state}: the state folder cannot be used: {fault.strerror}") from fault
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise Unavailable(
                f"{state}: another imgwatch watches already (pid {pid}); stop it first"
            ) from None
        with suppress(OSError):  # a full disk: the lock is held all the same
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Release the lock, so that another daemon can start."""
        os.close(self._descriptor)


def is_held(state: Path) -> bool:
    """Return whether a daemon runs on this state folder."""
    try:
        descriptor = os.open(state / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_status(state: Path, pulse: Pulse, last_error: str | None) -> None:
    """Write the daemon's state to the status file."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    status = {"pid": os.getpid(), "at": now, **msgspec.structs.asdict(pulse), "last_error": last_error}
    try:
        with replacing(state / _STATUS, is_durable=False) as stream:
            stream.write(json.dumps(status).encode())
    except OSError:  # the disk is full, which is just what must be told: write over what is there
        with suppress(OSError), (state / _STATUS).open("r+b") as stream:
            stream.write(json.dumps(status).encode())
            stream.truncate()


def clear_status(state: Path) -> None:
    """Clear an earlier daemon's state; the file keeps its size, so that a full disk can be reported."""
    with suppress(OSError), (state / _STATUS).open("r+", encoding="utf-8") as stream:
        stream.write("{}".ljust(os.fstat(stream.fileno()).st_size))


def read_status(state: Path) -> dict[str, Any]:
    """Return the daemon's latest state; empty while none runs or one is still starting."""
    if not is_held(state):
        return {}
    try:
        status = json.loads((state / _STATUS).read_text())
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}
