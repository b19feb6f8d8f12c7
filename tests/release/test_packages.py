"""All packages that `.ci/packages` lists are asked for: a line that is not continued would drop those below it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / ".ci/packages"


def test_every_listed_package_is_installed(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    apt.chmod(0o755)
    subprocess.run(
        [SCRIPT], check=True, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True
    )
    _, _, listed = SCRIPT.read_text().partition("--no-install-recommends")
    packages = re.sub(r"`[^`]*`|\\", " ", listed).split()
    assert len(packages) > 20
    assert asked.read_text().splitlines()[-1].split()[-len(packages) :] == packages
