"""Run the command line in processes that are forked from one which has imported it already.

Python with all that a command imports takes half a second of a processor to start, a fork some milliseconds. What runs
is the same `main`, in a process of its own that is a child of the test's: with its own arguments, environment, working
folder, descriptors, signals and exit code. Each session starts one server, with its first `ForkedProcess`; the server
ends when the session does, however it does.

A fresh interpreter shows more: what is imported when, what a start costs, and the variables that Python and its
libraries read only once (see `_READ_AT_START`). Tests of these, and of the installed program, start one.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

_LONGEST_REQUEST = 200_000
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "OMP_", "OPENBLAS_", "TZ", "SSL_", "COVERAGE")
_PACED = str(Path(__file__).with_name("paced.py"))
_PRELOADED = (  # not onnxruntime, which starts a thread: a fork has but one
    "numpy", "onnx", "pathspec", "pebble", "PIL.Image", "rich.progress", "rich.table", "watchdog.observers",
    "multiprocessing.resource_tracker", "multiprocessing.spawn",
    "imgwatch.decisions", "imgwatch.ledger", "imgwatch.logs", "imgwatch.model.contract", "imgwatch.picture.decoder",
    "imgwatch.quarantine", "imgwatch.status", "imgwatch.watching.watcher", "imgwatch.systemd.notify",
)  # fmt: skip
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_PARENT = 0x00008000
_MAIN = str(Path(__file__).parent.parent / "daemon" / "imgwatch" / "__main__.py")
_LOCK = threading.Lock()


def can_fork(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Tell whether a command is `python -m imgwatch` or its paced twin, in an environment that needs no fresh start."""
    is_ours = command[:3] == [sys.executable, "-m", "imgwatch"] or command[:2] == [sys.executable, _PACED]
    is_same = _read_at_start(dict(os.environ) if environment is None else environment) == _AT_START
    return is_ours and is_same and platform.machine() in _SYS_CLONE


def _read_at_start(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


_AT_START = _read_at_start(dict(os.environ))


class ForkedProcess(subprocess.Popen[Any]):
    """A Popen for commands that `can_fork`. Of its options it takes descriptors, `cwd` and `env`."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        """Let the server make the process. Popen has opened the pipes; this closes the process's ends of them."""
        _, preexec_fn, _, pass_fds, cwd, env, _, _, shell, *pipes = rest[:15]
        assert not any((preexec_fn, pass_fds, shell)), "these need a fresh start"
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite = pipes
        ends = [number if end == -1 else end for number, end in enumerate((p2cread, c2pwrite, errwrite))]
        self.pid = _ask([*map(os.fspath, args)], cwd, env, ends)
        self._child_created = True  # type: ignore[attr-defined]
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


def _ask(command: list[str], cwd: Any, env: Any, descriptors: list[int]) -> int:
    """Have a process made, and return its pid."""
    request = {"command": command, "env": dict(os.environ if env is None else env)}
    folder = os.open(cwd or ".", os.O_PATH)  # also one that has been removed
    try:
        with _LOCK:
            server = _server()
            socket.send_fds(server, [json.dumps(request).encode()], [*descriptors, folder])
            reply = server.recv(100)
    finally:
        os.close(folder)
    assert reply, "the fork server ended"
    return int(reply)


@cache
def _server() -> socket.socket:
    """Start the server of this session."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }  # a process that forks has no threads
    with its:
        its.set_inheritable(True)
        os.posix_spawn(sys.executable, [sys.executable, __file__, str(its.fileno())], environment)
    return ours


def serve(connection: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. Return the request in the new process, and None when the session has ended."""
    from imgwatch.cli import COMMANDS

    for name in (*_PRELOADED, *(f"imgwatch.commands.{module}" for module in COMMANDS.values())):
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads cannot fork"
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, 4)
        if not message:
            return None
        pid = _fork_sibling()
        if pid == 0:
            connection.close()
            os.fchdir(descriptors[-1])
            for number, descriptor in enumerate(descriptors[:-1]):
                os.dup2(descriptor, number)
            os.closerange(min(descriptors), max(descriptors) + 1)
            request: dict[str, Any] = json.loads(message)
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(str(pid).encode())


def _fork_sibling() -> int:
    """Fork a process whose parent is the parent of this one: os.fork, with CLONE_PARENT of clone(2)."""
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    pid = int(
        ctypes.PyDLL(None).syscall(_SYS_CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    )
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    return pid


def run(request: dict[str, Any]) -> None:
    """Run a command as Python would have started it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        former = getattr(sys, name)
        mode, errors = "w" if number else "r", former.errors
        stream = open(number, mode, encoding=former.encoding, errors=errors, closefd=False)  # noqa: SIM115
        stream.reconfigure(line_buffering=name == "stderr" or stream.isatty())
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.environ.clear()
    os.environ.update(request["env"])
    program, *arguments = request["command"][1:]
    is_paced = program == _PACED
    sys.argv = [program, *arguments] if is_paced else [_MAIN, *arguments[1:]]
    sys.path[0] = str(Path(_PACED).parent) if is_paced else ""
    sys.modules["__main__"].__spec__ = importlib.util.find_spec(
        "imgwatch.__main__"
    )  # what workers begin with
    if is_paced:
        import paced

        paced.main()
    else:
        from imgwatch.start import main

        main()


if __name__ == "__main__":
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        run(wanted)
