"""The documentation as a site: it builds without a warning, and a page asks the network for nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imgwatch.cli import COMMANDS
from imgwatch.config.faults import section_in
from imgwatch.settings import Settings

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "-q",
        "--strict",
        "-f",
        str(ROOT / "mkdocs.yml"),
        "-d",
        str(out),
    ]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": path, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert done.returncode == 0, done.stderr
    return out


def test_pages_ask_the_network_for_nothing(site: Path) -> None:
    for page in site.rglob("*.html"):
        asked = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert not [address for address in asked if "canonical" not in address], page


def test_commands_config_and_diagrams_are_those_of_the_program(site: Path) -> None:
    commands = (site / "commands.html").read_text()
    assert all(f"imgwatch {name}" in commands for name in COMMANDS)
    config = re.sub(r"<[^>]+>", "", (site / "config.html").read_text())
    assert all(f"{name}:" in config for name in Settings.__struct_fields__)
    assert section_in(Settings) is Settings
    assert "was restored before" in (site / "lifecycle.html").read_text()
    assert "stateDiagram" not in (site / "lifecycle.html").read_text()


def test_every_page_can_be_reached(site: Path) -> None:
    index = (site / "index.html").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f'href="{page.stem}.html"' in index, page.name
