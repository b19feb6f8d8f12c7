"""A model is tried in a process of its own: what is too greedy, too slow or no model is refused, and harms nobody."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import imgwatch.contained
from conftest import WriteConfig, bright, write_brightness_model
from daemon import Daemon, run, wait_until
from hanging import write_always_hangs, write_endless_to_load, write_greedy
from imgwatch.errors import ModelError
from imgwatch.model.model_file import opened_model
from imgwatch.model.scorer import Scorer
from imgwatch.model.trial import Trial
from imgwatch.model.tried_models import TriedModels
from imgwatch.version import GENERAL_MODEL

pytestmark = pytest.mark.xdist_group("trial")  # one process writes the endless model


def trials_of(pid: int) -> list[int]:
    """Return the processes in which this one tries models."""
    return [trial for child in children_of(pid) if is_trial(child) for trial in children_of(child)]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_trial(pid: int) -> bool:
    try:
        return b"imgwatch.model.trial_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture(scope="module")
def endless_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_endless_to_load(tmp_path_factory.mktemp("endless") / "m.onnx")


@pytest.fixture
def endless(endless_once: Path, tmp_path: Path) -> Path:
    """A model that never ends being loaded; it takes half a second to write."""
    return Path(shutil.copy(endless_once, tmp_path / "m.onnx"))


def test_a_greedy_model_is_refused_and_takes_no_memory_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"m\.onnx: the model takes more than \d+ MB of memory"):
        Scorer(write_greedy(tmp_path / "m.onnx"))


def test_a_model_that_never_ends_being_loaded_is_refused(
    endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgwatch.model.trial._GRACE_SECONDS", 0.0)  # it takes a processor as long as it may
    with pytest.raises(ModelError, match=r"m\.onnx: the model takes more than 1 s to be loaded"):
        Scorer(endless, seconds=0.5)
    assert trials_of(os.getpid()) == []


def test_a_model_whose_process_is_killed_is_refused(tmp_path: Path) -> None:
    path = write_always_hangs(tmp_path / "m.onnx")
    with opened_model(path) as model:
        trial = Trial(model, 600)
    try:
        wait_until(lambda: trials_of(os.getpid()))
        os.kill(trials_of(os.getpid())[0], signal.SIGKILL)
        wait_until(trial.is_over)
        with pytest.raises(ModelError, match=r"m\.onnx: the system killed what loaded the model"):
            trial.require_passed()
    finally:
        trial.close()


def test_whoever_waits_can_end_the_trial(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    tried = TriedModels()
    tried.on_wait = interrupt
    with pytest.raises(KeyboardInterrupt):
        Scorer(write_always_hangs(tmp_path / "m.onnx"), seconds=600, tried=tried)
    assert trials_of(os.getpid()) == []


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with (tmp_path / "sparse.onnx").open("wb") as stream:
        stream.truncate(1 << 40)
    for path in (tmp_path, tmp_path / "pipe.onnx", tmp_path / "sparse.onnx"):
        with pytest.raises(ModelError, match=path.name):
            Scorer(path)


def test_each_model_is_tried_once_and_the_shipped_one_never(tmp_path: Path) -> None:
    path, state = write_brightness_model(tmp_path / "m.onnx"), tmp_path / "state"
    state.mkdir()
    Scorer(path, tried=TriedModels(state))
    assert TriedModels(state).begin(path, 20) is None, "also in the next process"
    assert TriedModels(state).begin(Path(GENERAL_MODEL), 20) is None
    trial = TriedModels(state).begin(write_brightness_model(path, threshold=0.7), 20)
    assert trial is not None, "another content under the same name"
    trial.close()
    (state / "tried-models").write_bytes(b"\xff\0" * 100_000)
    Scorer(path, tried=TriedModels(state))
    assert TriedModels(state).begin(path, 20) is None


def test_what_was_damaged_is_not_remembered(tmp_path: Path, model_file: Path) -> None:
    cut, tried = tmp_path / "cut.onnx", TriedModels(tmp_path)
    cut.write_bytes(model_file.read_bytes()[:-200])
    for _ in range(2):
        with pytest.raises(ModelError, match=r"cut\.onnx: (not a model|an ONNX file)"):
            Scorer(cut, tried=tried)
    assert not (tmp_path / "tried-models").exists()


@pytest.mark.e2e
def test_commands_refuse_it_and_doctor_says_so(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config(model=str(write_greedy(tmp_path / "m.onnx")))
    picture = bright(tmp_path / "b.png")
    assert "MB of memory" in run("doctor", config=config, code=None).stdout
    for arguments in (("score", picture), ("rescan", picture, "--dry-run"), ("watch",)):
        refused = run(*arguments, config=config, code=78).stderr
        assert "MB of memory" in refused
        assert "Traceback" not in refused


@pytest.mark.faults
def test_the_running_model_works_on_while_a_new_one_is_tried_and_sigterm_ends_both(
    tmp_path: Path, write_config: WriteConfig, model_file: Path, endless: Path
) -> None:
    model, inbox = tmp_path / "own.onnx", tmp_path / "inbox"
    shutil.copy(model_file, model)
    config = write_config(model=str(model), limits="{decode_seconds: 600}")
    with Daemon(config) as daemon:
        endless.replace(model)
        wait_until(lambda: trials_of(daemon.process.pid))
        [trial] = trials_of(daemon.process.pid)
        bright(inbox / "b.png")
        wait_until(lambda: (tmp_path / "quarantine" / "pictures" / "b.png").exists())
        assert trials_of(daemon.process.pid) == [trial]
        assert daemon.stop() == 0
        assert not is_trial(trial)


@pytest.mark.faults
def test_sigterm_ends_a_start_in_which_a_model_is_tried(endless: Path, write_config: WriteConfig) -> None:
    daemon = Daemon(write_config(model=str(endless), limits="{decode_seconds: 600}"))
    try:
        wait_until(lambda: trials_of(daemon.process.pid))
        [trial] = trials_of(daemon.process.pid)
    finally:
        assert daemon.stop() == 0, daemon.log.read_text()
    assert not is_trial(trial)


@pytest.mark.faults
def test_kill_9_of_the_daemon_ends_the_trial_too(endless: Path, write_config: WriteConfig) -> None:
    daemon = Daemon(write_config(model=str(endless), limits="{decode_seconds: 600}"))
    try:
        wait_until(lambda: trials_of(daemon.process.pid))
        [trial] = trials_of(daemon.process.pid)
    finally:
        daemon.kill()
    wait_until(lambda: not is_trial(trial))


def test_a_trial_whose_parent_is_gone_before_it_begins_does_not_begin(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    nobody = os.posix_spawn("/bin/true", ["true"], os.environ)
    os.waitpid(nobody, 0)
    program = Path(imgwatch.contained.__file__)
    assert subprocess.run([sys.executable, program, str(nobody), "touch", begun], check=False).returncode != 0
    assert not begun.exists()


@pytest.fixture
def taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that names a process which each trial starts and leaves in a session of its own, as hostile code would."""
    code, pid = tmp_path / "code", tmp_path / "pid"
    code.mkdir()
    (code / "sitecustomize.py").write_text(
        f"""import os, signal, sys
if sys.orig_argv[2:4] == ["-m", "imgwatch.model.trial_process"] and os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open({str(tmp_path / "new")!r}, "w") as stream:
        stream.write(str(os.getpid()))
    os.rename({str(tmp_path / "new")!r}, {str(pid)!r})
    while True:
        signal.pause()
"""
    )
    monkeypatch.syspath_prepend(code)
    monkeypatch.setenv("PYTHONPATH", str(code), prepend=os.pathsep)
    return pid


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_what_a_trial_leaves_in_a_session_of_its_own_ends_with_it(tmp_path: Path, taken_over: Path) -> None:
    Scorer(write_brightness_model(tmp_path / "m.onnx"), tried=TriedModels())
    left = int(taken_over.read_text())
    assert not is_running(left), "a trial that passed"
    taken_over.unlink()
    with opened_model(write_always_hangs(tmp_path / "m.onnx")) as model:
        trial = Trial(model, 600)
    try:
        wait_until(taken_over.exists)
        left = int(taken_over.read_text())
        assert is_running(left)
    finally:
        trial.close()
    assert not is_running(left), "a trial that was given up"


@pytest.mark.faults
def test_what_a_trial_left_in_a_session_of_its_own_ends_with_a_killed_daemon(
    endless: Path, write_config: WriteConfig, taken_over: Path
) -> None:
    daemon = Daemon(write_config(model=str(endless), limits="{decode_seconds: 600}"))
    try:
        wait_until(taken_over.exists)
        left = int(taken_over.read_text())
        assert is_running(left)
    finally:
        daemon.kill()
    wait_until(lambda: not is_running(left))
