"""Run systemd's own tools: verify a unit, enable, start, stop. It reports if there is no systemd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from imgwatch.errors import ConfigError, Unavailable


class Manager:
    """The service manager of the system, or of this user."""

    def __init__(self, for_user: bool) -> None:
        self._scope = ["--user"] if for_user else []
        self._for_user = for_user

    def command(self, *arguments: str) -> list[str]:
        """Return a systemctl command for this manager."""
        return ["systemctl", *self._scope, *arguments]

    def tell(self, *arguments: str) -> None:
        """Run systemctl. Raises Unavailable with its message if it fails."""
        command = self.command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.stdout.strip()}")

    def is_running(self) -> bool:
        """Return whether the manager runs."""
        if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
            return False
        asked = self.command("show", "-P", "Version")
        return not self._for_user or subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def verify(self, texts: Mapping[Path, str]) -> None:
        """Check units by systemd before they are installed. Raises ConfigError with its complaints."""
        if shutil.which("systemd-analyze") is None:
            return
        units = [file.name for file in texts if file.suffix != ".conf"]
        with tempfile.TemporaryDirectory() as folder:
            for file, text in texts.items():
                copy = Path(folder, *file.parts[-2 if file.suffix == ".conf" else -1 :])
                copy.parent.mkdir(exist_ok=True)
                copy.write_text(text, encoding="utf-8")
            done = subprocess.run(
                ["systemd-analyze", *self._scope, "verify", *(str(Path(folder, unit)) for unit in units)],
                env=os.environ | {"XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", folder)},
                capture_output=True,
                text=True,
                check=False,
            )
        complaints = [line for line in done.stderr.splitlines() if any(unit in line for unit in units)]
        if done.returncode != 0 or complaints:
            raise ConfigError(f"systemd refuses {' and '.join(units)}:", done.stderr.strip().splitlines())


def version() -> int:
    """Return systemd's version; 0 without systemd."""
    if shutil.which("systemctl") is None:
        return 0
    output = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"systemd (\d+)", output)
    return int(match[1]) if match else 0
