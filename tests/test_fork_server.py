"""A command that the fork server runs does as a fresh start does."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from conftest import SHAPE, WriteConfig, dark
from daemon import COMMAND, PACED, Daemon, popen, run, wait_until
from fork_server import WORKER, ForkedProcess, can_fork, fork_worker
from imgwatch.picture.decoder import Decoder
from imgwatch.picture.decoding import Limits
from killing import children_of, decoders_of


def started(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a command by the fork server."""
    with ForkedProcess(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as it:
        out, err = it.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, it.returncode, out, err)


@pytest.mark.parametrize(
    "arguments", [["--version"], ["status", "--config", "missing.yaml"], ["no-such-command"], ["init", "-h"]]
)
def test_output_and_exit_code_are_those_of_a_fresh_start(arguments, tmp_path):
    fresh = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
    forked = started(*arguments, cwd=tmp_path)
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_folder_environment_and_arguments_are_the_requests(tmp_path, write_config: WriteConfig):
    config = write_config()
    moved = config.rename(tmp_path / "inbox" / "other.yaml")
    done = started("config", "--config", moved.name, cwd=moved.parent, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr


def test_standard_input_arrives(tmp_path, write_config: WriteConfig):
    config, picture = write_config(), dark(tmp_path / "picture.png")
    with popen(
        [*COMMAND, "score", "-", "--config", str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert isinstance(process, ForkedProcess)
        out, _ = process.communicate(picture.read_bytes(), timeout=60)
    assert out.startswith(b"keep"), out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_daemon_is_a_child_that_signals_end(number, write_config: WriteConfig):
    with Daemon(write_config()) as daemon:
        assert isinstance(daemon.process, ForkedProcess)
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        assert f"\nPPid:\t{os.getpid()}\n" in status
        assert "\nThreads:\t1\n" not in status, "it runs its own threads"
        daemon.process.send_signal(number)
        assert daemon.process.wait(60) == (-number if number == signal.SIGKILL else 0)


def test_what_only_a_fresh_interpreter_shows_is_not_forked(monkeypatch):
    assert can_fork([*COMMAND, "status"])
    assert can_fork([*PACED, "watch"])
    assert not can_fork([sys.executable, "-X", "importtime", "-m", "imgwatch"])
    assert not can_fork(["strace", *COMMAND])
    assert not can_fork([*COMMAND], {**os.environ, "PYTHONIOENCODING": "ascii"})
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert not can_fork([*COMMAND])


@contextmanager
def of_daemon(config: Path) -> Iterator[int]:
    with Daemon(config) as daemon:
        dark(config.parent / "inbox" / "a.png")
        daemon.wait_judged(1)
        yield daemon.process.pid
        daemon.kill()


@contextmanager
def of_this_process(config: Path) -> Iterator[int]:
    with Decoder(SHAPE, Limits()) as decoder:
        assert len(list(decoder.decode([dark(config.parent / "inbox" / "a.png")]))) == 1
        yield os.getpid()


@pytest.mark.parametrize("working", [of_daemon, of_this_process])
def test_a_decoding_worker_is_a_child_that_holds_what_the_pool_passes_to_it_and_ends_with_it(
    working: Callable[[Path], AbstractContextManager[int]], write_config: WriteConfig
) -> None:
    with working(write_config()) as parent:
        [worker] = decoders_of(parent)
        assert Path(f"/proc/{worker}/comm").read_text() == f"{WORKER}\n", "it is forked"
        held = {str(path.readlink()) for path in Path(f"/proc/{worker}/fd").iterdir() if int(path.name) > 2}
        assert all(name.startswith("pipe:") or name == os.devnull for name in held), held
        of_daemon = [] if parent == os.getpid() else children_of(parent)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (worker, *of_daemon)))


def test_workers_that_need_a_fresh_start_are_spawned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spawned_workers: None
) -> None:
    with Decoder(SHAPE, Limits()) as decoder:
        assert len(list(decoder.decode([dark(tmp_path / "a.png")]))) == 1
        [worker] = decoders_of(os.getpid())
        assert WORKER.encode() in Path(f"/proc/{worker}/cmdline").read_bytes()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert fork_worker(["python", "-c", ""], {}) is None


def said_by(program: str) -> str:
    """Run a program in a fresh interpreter that finds the fork server; return what it printed, however it ended."""
    command = [sys.executable, "-c", f"import os, sys; sys.path.insert(0, sys.argv[1])\n{program}"]
    return subprocess.run(
        [*command, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True, check=False
    ).stdout


def test_a_server_that_was_started_for_a_worker_blocks_no_signal() -> None:
    """multiprocessing blocks SIGINT and SIGTERM while it starts what watches over the workers' semaphores."""
    said = said_by(
        "import forked_workers, fork_server, multiprocessing\n"
        "forked_workers.fork_by(fork_server.fork_worker)\n"
        "multiprocessing.get_context('spawn').Lock()\n"
        "for child in open(f'/proc/self/task/{os.getpid()}/children').read().split():\n"
        "    print(open(f'/proc/{child}/status').read())\n"
    )
    blocked = [line for line in said.splitlines() if line.startswith("SigBlk")]
    assert blocked == 2 * ["SigBlk:\t0000000000000000"]


def test_the_server_ends_with_its_session() -> None:
    [server] = said_by(
        "import subprocess\n"
        "from fork_server import ForkedProcess\n"
        "with ForkedProcess([sys.executable, '-m', 'imgwatch', '--version'], stdout=subprocess.PIPE) as process:\n"
        "    process.communicate()\n"
        "print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    ).split()
    wait_until(lambda: not Path(f"/proc/{server}").exists(), says="the server ends")


def test_run_names_the_output_of_a_command_that_fails():
    with pytest.raises(AssertionError, match="no such config file"):
        run("status", "--config", "/missing.yaml")
