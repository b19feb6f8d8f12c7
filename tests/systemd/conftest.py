"""Run each test of this folder under a real systemd: the machine's own, or a throw-away one that is booted for it.

IMGWATCH_SYSTEMD_RUNNER names a program that boots one: `RUNNER [--setup CMD] [--timeout SEC] -- CMD`. Where neither
is there the tests fail. imgwatch is installed for them from a wheel, apart from homes, as a user would.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import bright, dark, write_brightness_model
from daemon import wait_until

CHECKOUT = Path(__file__).parent.parent.parent
_STORE = Path("/opt/imgwatch-test")
_PYTHON = "/usr/bin/python3"
_INSIDE = "IMGWATCH_UNDER_SYSTEMD"


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _is_inside() -> bool:
    return _has_systemd() and (_INSIDE in os.environ or "IMGWATCH_SYSTEMD_RUNNER" not in os.environ)


def _run(*told: str | Path) -> str:
    done = subprocess.run([*map(str, told)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (told, done.stdout, done.stderr)
    return done.stdout


def _sources_digest() -> str:
    digest = hashlib.sha256(Path(_PYTHON).resolve().name.encode())
    for path in [CHECKOUT / "pyproject.toml", *sorted((CHECKOUT / "daemon").rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _installed() -> Path:
    """Install a wheel of this checkout where every user can read it; kept for the next run, as long as it is the same."""
    settings = (CHECKOUT / "pyproject.toml").read_bytes()
    needs = tomllib.loads(settings.decode())["project"]["dependencies"]
    place = _STORE / f"venv-{hashlib.sha256(repr((needs, _PYTHON)).encode()).hexdigest()[:16]}"
    stamp = place / "installed"
    if not (place / "bin" / "pip").exists():
        _run(_PYTHON, "-m", "venv", place)
        _run(place / "bin" / "pip", "install", "--quiet", *needs)
    if not stamp.exists() or stamp.read_text() != _sources_digest():
        _run(place / "bin" / "pip", "install", "--quiet", "--no-deps", "--force-reinstall", CHECKOUT)
        stamp.write_text(_sources_digest())
    return place


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the test itself where a systemd is; elsewhere run it again, alone, under the runner."""
    if _is_inside():
        return None
    runner = os.environ.get("IMGWATCH_SYSTEMD_RUNNER", "")
    assert shutil.which(runner), (
        "these tests need a systemd: run them on a machine that has one, or set IMGWATCH_SYSTEMD_RUNNER to a program "
        "that boots one"
    )
    place = _installed()
    boot = pyfuncitem.get_closest_marker("boot")
    setup = ["--setup", f"IMGWATCH_VENV={place} {sys.executable} {boot.args[0]}"] if boot else []
    told = ["--timeout", "150", "--", "env", f"{_INSIDE}=1", f"IMGWATCH_VENV={place}", sys.executable, "-m", "pytest", "-q",
            "-p", "no:cacheprovider", "-x", pyfuncitem.nodeid]  # fmt: skip
    done = subprocess.run([runner, *setup, *told], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"under systemd (exit {done.returncode}):\n{done.stdout}\n{done.stderr}", pytrace=False)
    return True


class Machine:
    """The machine under its systemd, with imgwatch installed for the user imgwatch and folders below /srv/imgwatch."""

    def __init__(self, venv: Path) -> None:
        self.bin = venv / "bin"
        self.home = Path("/srv/imgwatch")
        self.inbox = self.home / "inbox"
        self.quarantine = self.home / "quarantine"
        self.config = Path("/etc/imgwatch/config.yaml")

    def prepare(self) -> None:
        """Make user, folders, model and config, and put the shipped unit in its place."""
        subprocess.run(["useradd", "--system", "imgwatch"], check=False, capture_output=True)
        self.inbox.mkdir(parents=True)
        write_brightness_model(self.home / "model.onnx")
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.write_config()
        _run("chown", "-R", "imgwatch", self.home)
        Path("/opt/imgwatch").unlink(missing_ok=True)
        Path("/opt/imgwatch").symlink_to(self.bin.parent)
        for unit in (CHECKOUT / "systemd").glob("imgwatch*.service"):
            shutil.copy(unit, "/etc/systemd/system")

    def write_config(self, **lines: str) -> None:
        keys = {
            "watch": f"[{{path: {self.inbox}}}]",
            "model": str(self.home / "model.onnx"),
            "quarantine": f"{{path: {self.quarantine}}}",
            "state": "/var/lib/imgwatch",
            "settle_seconds": "0.2",
            "breaker": "{window: 100000, share: 1}",
        } | lines
        self.config.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()))

    def drop_in(self, text: str, unit: str = "imgwatch.service") -> None:
        """Override options of a unit as `systemctl edit` does."""
        folder = Path("/etc/systemd/system", f"{unit}.d")
        folder.mkdir(exist_ok=True)
        (folder / "test.conf").write_text(f"[Service]\n{text}\n")
        self.systemctl("daemon-reload")

    def systemctl(self, *told: str | Path) -> str:
        return _run("systemctl", *told)

    def show(self, name: str, unit: str = "imgwatch") -> str:
        return _run("systemctl", "show", "-P", name, unit).strip()

    def journal(self, *more: str, unit: str = "imgwatch") -> str:
        _run("journalctl", "--sync")
        return _run("journalctl", "-u", unit, "--no-pager", "-o", "cat", *more)

    def imgwatch(self, *told: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [self.bin / "imgwatch", *map(str, told)], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (told, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def pictures(self) -> list[str]:
        folder = self.quarantine / "pictures"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def drop(self, *names: str) -> None:
        """Put pictures into the inbox: those whose name begins with b are bright, that is junk."""
        for name in names:
            (bright if name.startswith("b") else dark)(self.inbox / name)

    def wait_quarantined(self, *names: str) -> None:
        wait_until(lambda: set(names) <= set(self.pictures()), 60, f"{names} in quarantine: {self.journal()}")


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
