"""A machine under its systemd with imgwatch installed as a service, for tests/systemd."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from conftest import bright, dark, write_brightness_model
from daemon import wait_until

CHECKOUT = Path(__file__).parent.parent


def run_tool(*arguments: str | Path) -> str:
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def pages_override(page: str) -> str:
    """Return the drop-in that docs/service.md, whose text this is, advises for a user's unit."""
    return page.partition("```ini\n")[2].partition("```")[0]


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
        run_tool("chown", "-R", "imgwatch", self.home)
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

    def systemctl(self, *arguments: str | Path) -> str:
        return run_tool("systemctl", *arguments)

    def show(self, name: str, unit: str = "imgwatch") -> str:
        return run_tool("systemctl", "show", "-P", name, unit).strip()

    def journal(self, *more: str, unit: str = "imgwatch") -> str:
        run_tool("journalctl", "--sync")
        return run_tool("journalctl", "-u", unit, "--no-pager", "-o", "cat", *more)

    def imgwatch(self, *arguments: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [self.bin / "imgwatch", *map(str, arguments)], capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            journal = subprocess.run(
                ["journalctl", "-n", "40", "-o", "cat"], capture_output=True, text=True, check=False
            )
            raise AssertionError((arguments, done.returncode, done.stdout, done.stderr, journal.stdout))
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
