"""What a release is built from: the same bytes twice, notes from the changelog, one version everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import imgwatch

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "release"))

import build  # noqa: E402


def build_once(out: Path, epoch: str) -> dict[str, bytes]:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run(command, check=True, capture_output=True, env={"PATH": path, "SOURCE_DATE_EPOCH": epoch})
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.e2e
def test_the_same_checkout_gives_the_same_bytes_with_all_that_belongs_in(tmp_path: Path) -> None:
    first, second = (build_once(tmp_path / name, "1790000000") for name in ("first", "second"))
    assert first == second
    name = f"imgwatch-{imgwatch.__version__}"
    assert set(first) == {f"{name}-py3-none-any.whl", f"{name}.tar.gz"}
    with zipfile.ZipFile(tmp_path / "first" / f"{name}-py3-none-any.whl") as wheel:
        inside = wheel.namelist()
    for wanted in (
        "default.onnx",
        "config.yaml",
        "py.typed",
        "systemd/imgwatch.service",
        "review/static/review.css",
    ):
        assert f"imgwatch/{wanted}" in inside
    shared = {path.partition("/data/share/")[2] for path in inside if "/data/share/" in path}
    assert {"man/man1/imgwatch.1", "man/man5/imgwatch-config.5"} <= shared
    assert {"bash-completion/completions/imgwatch", "zsh/site-functions/_imgwatch"} <= shared
    assert not [path for path in inside if path.startswith(("tests", "benchmarks"))]


def test_notes_are_the_section_of_the_version_else_what_is_not_released() -> None:
    changelog = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [0.2.0] - 2026-01-01\n\n- old\n\n## [0.1.0]\n\n- first\n"
    assert build.notes(changelog, "0.2.0") == "# imgwatch 0.2.0\n\n- old\n"
    assert build.notes(changelog, "0.1.0") == "# imgwatch 0.1.0\n\n- first\n"
    assert build.notes(changelog, "0.3.0") == "# imgwatch 0.3.0\n\n- new\n"
    with pytest.raises(SystemExit):
        build.notes("# Changelog\n", "0.3.0")


def test_the_version_stands_in_one_place() -> None:
    assert build.version() == imgwatch.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+(rc\d+)?", build.version())
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
