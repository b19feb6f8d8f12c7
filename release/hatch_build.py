"""Put man pages and shell completion into the wheel: pipx, and a virtual environment on PATH, find them there."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPLETION = {
    "bash": "share/bash-completion/completions/imgwatch",
    "fish": "share/fish/vendor_completions.d/imgwatch.fish",
    "zsh": "share/zsh/site-functions/_imgwatch",
}


class ManualHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the pages in a folder of its own before a wheel is built, and removes that afterwards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel; an editable install has none."""
        if version == "editable":
            return
        sys.path[:0] = [str(Path(self.root) / "daemon"), str(Path(self.root) / "release")]
        from typer.completion import get_completion_script

        from manpages import pages

        self.made = Path(tempfile.mkdtemp())
        for name, text in pages().items():
            self._add(build_data, f"share/man/man{name[-1]}/{name}", text)
        for shell, path in _COMPLETION.items():
            text = get_completion_script(prog_name="imgwatch", complete_var="_IMGWATCH_COMPLETE", shell=shell)
            self._add(build_data, path, f"{text}\n")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made."""
        if version != "editable":
            shutil.rmtree(self.made)

    def _add(self, build_data: dict[str, Any], path: str, text: str) -> None:
        file = self.made / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        build_data["shared_data"][str(file)] = path
