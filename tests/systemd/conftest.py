"""Run each test of this folder under a real systemd: the machine's own, or a throw-away one that is booted for it.

IMGWATCH_SYSTEMD_RUNNER names a program that boots one: `RUNNER [--setup CMD] [--timeout SEC] -- CMD`. Where neither
is there the tests fail. imgwatch is installed for them from a wheel, apart from homes, as a user would.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from machine import CHECKOUT, Machine, run_tool

_STORE = Path("/opt/imgwatch-test")
_PYTHON = "/usr/bin/python3"
_INSIDE = "IMGWATCH_UNDER_SYSTEMD"


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _is_inside() -> bool:
    return _has_systemd() and (_INSIDE in os.environ or "IMGWATCH_SYSTEMD_RUNNER" not in os.environ)


def _sources_digest() -> str:
    digest = hashlib.sha256(Path(_PYTHON).resolve().name.encode())
    for path in [CHECKOUT / "pyproject.toml", *sorted((CHECKOUT / "daemon").rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _installed() -> Path:
    """Install this checkout where every user can read it; kept for the next run, as long as it is the same."""
    _STORE.mkdir(parents=True, exist_ok=True)
    with (_STORE / "lock").open("w") as lock:  # several tests run at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _installed_alone()


def _installed_alone() -> Path:
    settings = (CHECKOUT / "pyproject.toml").read_bytes()
    project = tomllib.loads(settings.decode())["project"]
    needs = [
        *project["dependencies"],
        *(
            need
            for extra in ("metrics", "notify", "review")
            for need in project["optional-dependencies"][extra]
        ),
    ]
    environment = _STORE / f"venv-{hashlib.sha256(repr((needs, _PYTHON)).encode()).hexdigest()[:16]}"
    stamp = environment / "installed"
    if not (environment / "bin" / "pip").exists():
        run_tool(_PYTHON, "-m", "venv", environment)
        run_tool(environment / "bin" / "pip", "install", "--quiet", *needs)
    if not stamp.exists() or stamp.read_text() != _sources_digest():
        run_tool(
            environment / "bin" / "pip", "install", "--quiet", "--no-deps", "--force-reinstall", CHECKOUT
        )
        stamp.write_text(_sources_digest())
    return environment


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the test itself where a systemd is; elsewhere run it again, alone, under the runner."""
    boot = pyfuncitem.get_closest_marker("boot")
    if _is_inside():
        assert _INSIDE in os.environ or boot is None, "this test boots a machine: set IMGWATCH_SYSTEMD_RUNNER"
        return None
    runner = os.environ.get("IMGWATCH_SYSTEMD_RUNNER", "")
    assert shutil.which(runner), (
        "these tests need a systemd: run them on a machine that has one, or set IMGWATCH_SYSTEMD_RUNNER to a program "
        "that boots one"
    )
    environment = _installed()
    setup = ["--setup", f"IMGWATCH_VENV={environment} {sys.executable} {boot.args[0]}"] if boot else []
    arguments = ["--timeout", "150", "--", "env", f"{_INSIDE}=1", f"IMGWATCH_VENV={environment}", sys.executable,
            "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x", pyfuncitem.nodeid]  # fmt: skip
    done = subprocess.run(
        [runner, *setup, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"under systemd (exit {done.returncode}):\n{done.stdout}\n{done.stderr}", pytrace=False)
    return True


@pytest.fixture
def machine() -> Iterator[Machine | None]:
    """A prepared machine; the unit is not started yet. None outside of it, where the test is only passed on."""
    if not _is_inside():
        yield None
        return
    made = Machine(Path(os.environ.get("IMGWATCH_VENV", "")) if _INSIDE in os.environ else _installed())
    made.prepare()
    made.systemctl("daemon-reload")
    yield made
    subprocess.run(["systemctl", "stop", "imgwatch"], check=False, capture_output=True)


@pytest.fixture
def booted() -> Machine | None:
    """The machine that the script of the test's marker `boot` prepared before it was booted."""
    return Machine(Path(os.environ["IMGWATCH_VENV"])) if _is_inside() else None
