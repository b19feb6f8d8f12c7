"""Run the command line in processes that are forked from one which has imported it already.

Python with all that a command imports takes half a second of a processor to start, a fork some milliseconds. What runs
is the same `main`, in a process of its own that is a child of the test's: with its own arguments, environment, working
folder, descriptors, signals and exit code. Each session starts one server, with its first `ForkedProcess`; the server
ends when the session does, however it does. Decoding workers are forked, too (see `forked_workers`): each command has a
small server of its own for them, because they must be its children.

A fresh interpreter shows more: what is imported when, what a start costs, and the variables that Python and its
libraries read only once (see `_READ_AT_START`). Tests of these, and of the installed program, start one.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
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
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

_LONGEST_REQUEST = 200_000
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "OMP_", "OPENBLAS_", "TZ", "SSL_", "COVERAGE")
_PACED = str(Path(__file__).with_name("paced.py"))
_PRELOADED = (  # onnxruntime starts a thread when it is imported: a fork has but one
    "multiprocessing.resource_tracker", "multiprocessing.spawn", "numpy", "onnx", "pathspec", "pebble", "PIL.Image",
    "rich.progress", "rich.table", "watchdog.observers", "yaml",
    "imgwatch.calibration.calibrate", "imgwatch.calibration.measured_file", "imgwatch.calibration.odd_pictures",
    "imgwatch.calibration.by_kind", "imgwatch.candidates", "imgwatch.config", "imgwatch.config.editing",
    "imgwatch.decisions", "imgwatch.judged_row", "imgwatch.ledger", "imgwatch.live_model", "imgwatch.logs",
    "imgwatch.quarantine", "imgwatch.reviewers_promise", "imgwatch.service", "imgwatch.status",
    "imgwatch.systemd.drop_in", "imgwatch.systemd.notify", "imgwatch.watching.watcher", "forked_workers", "paced",
)  # fmt: skip
_MOST_DESCRIPTORS = 64
_OF_GROUPS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
)  # sent to all processes of a group
_PR_SET_NAME = 15
WORKER = "spawn_main"  # what a forked worker is called in /proc/PID/comm
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_PARENT = 0x00008000
_MAIN = str(Path(__file__).parent.parent / "daemon" / "imgwatch" / "__main__.py")
_LOCK = threading.Lock()


def can_fork(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Return whether a command is `python -m imgwatch` or its paced twin, where no fresh start is needed."""
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
    """Have a command started with these descriptors as its first three; return its pid."""
    with _LOCK:
        pid = ask(_server(), command, cwd, env, dict(enumerate(descriptors)))
    assert pid is not None, "the fork server ended"
    return pid


def fork_worker(command: list[str], descriptors: dict[int, int]) -> int | None:
    """Have a decoding worker of this process made; return its pid, None where it needs a fresh start."""
    if _read_at_start(dict(os.environ)) != _AT_START or platform.machine() not in _SYS_CLONE:
        return None
    with _LOCK:
        return ask(_server(), command, None, None, descriptors)


def ask(
    server: socket.socket, command: Sequence[str], cwd: Any, env: Any, descriptors: dict[int, int]
) -> int | None:
    """Have a process made with these descriptors under these numbers; return its pid, None without a server."""
    request = {"command": command, "env": dict(os.environ if env is None else env), "numbers": [*descriptors]}
    folder = os.open(cwd or ".", os.O_PATH)  # also one that has been removed
    try:
        socket.send_fds(server, [json.dumps(request).encode()], [*descriptors.values(), folder])
        reply = server.recv(100)
    except (BrokenPipeError, ConnectionResetError):
        return None
    finally:
        os.close(folder)
    return int(reply) if reply else None


@cache
def _server() -> socket.socket:
    """Start the server of this session."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    atexit.register(ours.close)
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }  # a process that forks has no threads
    with its:
        its.set_inheritable(True)
        command = [sys.executable, __file__, str(its.fileno())]
        os.posix_spawn(
            sys.executable, command, environment, setsigmask=[]
        )  # multiprocessing blocks some meanwhile
    return ours


def prepare() -> None:
    """Import what commands import, with a thread less than most of them have: none."""
    from imgwatch.cli import COMMANDS

    _import_when_used("onnxruntime")
    for name in (*_PRELOADED, *(f"imgwatch.commands.{module}" for module in COMMANDS.values())):
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads cannot fork"
    gc.freeze()


def _import_when_used(name: str) -> None:
    """Have a module imported by the process that first uses it, though others that import it are imported."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def serve(connection: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. Return the request in the new process, and None when whoever asks has ended."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, _MOST_DESCRIPTORS)
        if not message:
            return None
        pid = _fork_sibling()
        if pid == 0:
            connection.close()
            request: dict[str, Any] = json.loads(message)
            os.fchdir(descriptors.pop())
            _number(dict(zip(request["numbers"], descriptors, strict=True)))
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(str(pid).encode())


def _number(descriptors: dict[int, int]) -> None:
    """Give descriptors these numbers, and close all others."""
    above = max(*descriptors, 2) + 1
    moved = {number: fcntl.fcntl(one, fcntl.F_DUPFD, above) for number, one in descriptors.items()}
    for number, one in moved.items():
        os.dup2(one, number)
    for first, last in pairwise([-1, *sorted({*descriptors, 0, 1, 2}), os.sysconf("SC_OPEN_MAX")]):
        if first + 1 < last:  # Python takes an empty range that ends at 0 for all
            os.closerange(first + 1, last)


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
    if program not in ("-m", _PACED):
        run_worker(request["command"])
    worker = _serve_workers()
    if worker is not None:
        run(worker)
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


def _serve_workers() -> dict[str, Any] | None:
    """Start a server for this process's workers, forked before it has threads. Return the request in a worker."""
    import forked_workers

    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() != 0:
        its.close()
        forked_workers.fork_by(lambda command, descriptors: ask(ours, command, None, None, descriptors))
        return None
    ours.close()
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in _OF_GROUPS}
    with Path(os.devnull).open(
        "r+b"
    ) as nowhere:  # whoever reads from the command need not wait for its server
        for number in range(3):
            os.dup2(nowhere.fileno(), number)
    request = serve(its)
    if request is None:
        os._exit(0)
    for number, handler in kept.items():
        signal.signal(number, handler)
    return request


def run_worker(command: list[str]) -> NoReturn:
    """Run what `python -c` would, and end without tidying up modules that are shared with the server."""
    at = command.index("-c")
    if WORKER in command[at + 1]:
        ctypes.CDLL(None).prctl(_PR_SET_NAME, WORKER.encode(), 0, 0, 0)
    sys.argv = ["-c", *command[at + 2 :]]
    try:
        exec(command[at + 1], {"__name__": "__main__"})
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    os._exit(0)


def end(code: str | int | None) -> None:
    """End this process as Python does, but leave its modules, which it shares with the server, in memory.

    To free them would copy all of them first. A process that cannot write its last words ends in Python's way.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    try:
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    prepare()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is None:
        os._exit(0)
    try:
        run(wanted)
    except SystemExit as fault:
        end(fault.code)
        raise
    except Exception:  # noqa: BLE001 - as Python ends
        sys.excepthook(*sys.exc_info())
        end(1)
    end(0)
