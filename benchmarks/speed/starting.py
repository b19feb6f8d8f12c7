"""How long a start takes over a million known files, what the ledger costs, and how quick the small commands are."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from figures import Figure, Setting, least_of, medians_of, seconds
from processes import IMGWATCH, TELL_PEAK, Workspace

from imgwatch.files import Identity
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.ledger import Ledger, Row
from imgwatch.lifecycle import FileState
from imgwatch.quarantine import Quarantine
from imgwatch.scan import Scope, identity_of, walk

_IN_A_FOLDER = 1000
_KEPT = Judgement(Verdict.KEEP, in_words("calm"), "default-01234567", 1.25, 3.0, "ab" * 32)


def start(setting: Setting) -> Iterator[Figure]:
    """A start with nothing new: a walk of the folders against the ledger, beside a bare walk with stat.

    Both in processor time: nothing here waits for a disk.
    """
    files = setting.sized(1_000_000, 20_000)
    few, many = setting.scratch / "few", setting.scratch / "many"
    small = _peak_of_start(few, files // 10)
    made = seconds(lambda: _make_tree(many / "inbox", files))
    begun, _ = _scan(many)
    walk, ours = least_of(
        setting.runs, lambda: _processor_seconds(lambda: bare_walk(many / "inbox")), lambda: _scan(many)[0]
    )
    _, large = _scan(many)
    yield Figure(f"start: making {files:,} files", made, "s")
    yield Figure("start: first look, all remembered, processor time", begun, "s")
    yield Figure("start: bare walk with stat, processor time", walk, "s")
    yield Figure("start: nothing new, processor time", ours, "s")
    yield Figure("start: nothing new / bare walk", ours / walk, "", at_most=1.4)
    yield Figure("start: peak memory / that for a tenth of the files", large / small, "", at_most=1.1)
    yield from _ledger_figures(many / "state" / "ledger.sqlite", files, setting.runs)
    shutil.rmtree(many)


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak_of_start(home: Path, files: int) -> float:
    _make_tree(home / "inbox", files)
    _scan(home)
    _, peak = _scan(home)
    shutil.rmtree(home)
    return peak


def _make_tree(root: Path, files: int) -> None:
    for number in range(0, files, _IN_A_FOLDER):
        folder = root / f"{number // _IN_A_FOLDER:05}"
        folder.mkdir(parents=True)
        for name in range(number, min(files, number + _IN_A_FOLDER)):
            os.close(os.open(folder / f"IMG_{name:07}.jpg", os.O_CREAT | os.O_WRONLY))


def bare_walk(top: Path | str) -> int:
    """Walk with os.scandir and stat each file; return how many there are."""
    number = 0
    with os.scandir(top) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                number += bare_walk(entry.path)
            else:
                entry.stat(follow_symlinks=False)
                number += 1
    return number


_SCAN = (
    """
import sys, time
from pathlib import Path
from imgwatch.ledger import Ledger
from imgwatch.settings import Settings, checked
from imgwatch.watching.intake import Intake
from imgwatch.watching.roots import Roots
from imgwatch.watching.watcher import Hints

home = Path(sys.argv[1])
settings = checked({"watch": [{"path": str(home / "inbox")}], "state": str(home / "state"),
                    "quarantine": {"path": str(home / "quarantine")}}, Settings)
ledger = Ledger(home / "state" / "ledger.sqlite")
roots = Roots(settings, Hints())
intake = Intake(1.0, ledger, roots, time.monotonic, lambda: None)
start = time.process_time()
for root in roots:
    intake.begin_or_scan(root)
took = time.process_time() - start
assert not len(intake)
"""
    + TELL_PEAK
    + "print(took, peak)"
)


def _scan(home: Path) -> tuple[float, float]:
    """Look through the inbox as a start does, in a process of its own; return processor time and peak memory in MB."""
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, home], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    took, peak = map(float, done.stdout.split())
    return took, peak


def _ledger_figures(path: Path, files: int, runs: int) -> Iterator[Figure]:
    ledger = Ledger(path)
    folder = path.parent.parent / "inbox" / "00000"
    names = [f"IMG_{number:07}.jpg" for number in range(_IN_A_FOLDER)]
    rows = [Row(folder / f"new-{name}", Identity(1, 2, 3, 4), FileState.KEPT, _KEPT) for name in names]
    [(_, listing)] = walk(Scope(folder))
    one, whole, insert = medians_of(
        runs,
        lambda: seconds(lambda: [ledger.known(folder / name) for name in names]) / len(names),
        lambda: seconds(lambda: ledger.unfinished(folder, listing)) / len(names),
        lambda: seconds(lambda: ledger.remember(rows, time.time())) / len(rows),
    )
    ledger.forget(row.path for row in rows)
    ledger.close()
    yield Figure("ledger: look one file up", 1e6 * one, "us")
    yield Figure("ledger: look a folder of 1,000 up, each file", 1e6 * whole, "us")
    yield Figure("ledger: remember a judgement, in batches of 1,000", 1e6 * insert, "us")
    yield Figure("ledger: size, a file", path.stat().st_size / files, "bytes")


def commands(setting: Setting) -> Iterator[Figure]:
    """The commands that a person waits for, with much in quarantine, beside an empty Python and `--version`."""
    pictures = setting.sized(10_000, 100)
    with TemporaryDirectory(dir="/dev/shm") as memory:  # a disk would take minutes to be filled
        workspace = Workspace(Path(memory)).set_up()
        _fill(workspace, pictures)
        yield from _commands(workspace, pictures, 5 * setting.runs)


def _commands(workspace: Workspace, pictures: int, tries: int) -> Iterator[Figure]:
    config = ("--config", workspace.config)
    nothing, version, libraries, status, listed = least_of(
        tries,
        lambda: _processor_seconds_of(sys.executable, "-c", "pass"),
        lambda: _processor_seconds_of(IMGWATCH, "--version"),
        lambda: _processor_seconds_of(sys.executable, "-c", "import typer, yaml, msgspec"),
        lambda: _processor_seconds_of(IMGWATCH, "status", *config),
        lambda: _processor_seconds_of(IMGWATCH, "quarantine", "list", *config),
    )
    yield Figure("python -c pass, processor time", 1000 * nothing, "ms")
    yield Figure("imgwatch --version / python -c pass", version / nothing, "", at_most=4)
    with_many = f"with {pictures:,} in quarantine"
    for name, took, most in (
        ("an empty Python with typer, PyYAML and msgspec", libraries, None),
        (f"imgwatch status {with_many}", status, 2),
        (f"imgwatch quarantine list {with_many}", listed, 2),
    ):
        yield Figure(f"{name} / --version", took / version, "", at_most=most)
        yield Figure(f"{name} / python -c pass", took / nothing, "")


def _fill(workspace: Workspace, pictures: int) -> None:
    """Put so many files into quarantine, and let the ledger count them."""
    logging.disable(logging.INFO)
    quarantine = Quarantine(workspace.home / "quarantine")
    for number in range(pictures):
        path = workspace.inbox / f"{number}.jpg"
        content = b"%d" % number
        path.write_bytes(content)
        digest = sha256(content).hexdigest()
        judgement = Judgement(Verdict.QUARANTINE, in_words("measured"), "m-1", 1.0, 0.5, digest)
        identity = identity_of(path)
        assert identity is not None
        quarantine.quarantine(path, identity, judgement)
    (workspace.home / "state").mkdir(mode=0o700, exist_ok=True)
    Ledger(workspace.home / "state" / "ledger.sqlite").close()


def _processor_seconds_of(*command: str | Path) -> float:
    """Run a command whose modules lie compiled, as installed ones do, whatever this shell asks of Python."""
    shell = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=shell) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime
