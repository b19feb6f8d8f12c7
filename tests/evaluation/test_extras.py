"""Evaluating where packages of an extra are not installed: blocked for the command and for its workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.e2e

_BLOCK = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    for name, shades in (("normal", range(10, 100, 3)), ("junk", range(150, 250, 5))):
        (tmp_path / name).mkdir()
        for shade in shades:
            Image.fromarray(np.full((20, 20, 3), shade, np.uint8)).save(tmp_path / name / f"{shade}.png")
    return ["--normal", str(tmp_path / "normal"), "--junk", str(tmp_path / "junk")]


def _run(tmp_path: Path, blocked: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(_BLOCK.format(names=blocked))
    environment = os.environ | {
        "PYTHONPATH": str(hooks), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "none"),
    }  # fmt: skip
    command = [sys.executable, "-m", "imgwatch", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_without_a_page_no_extra_is_needed(tmp_path: Path, folders: list[str], model_file: Path) -> None:
    blocked = ["tensorflow", "keras", "tf2onnx", "onnx", "matplotlib", "jinja2", "imgwatch_train"]
    done = _run(tmp_path, blocked, "evaluate", "--model", str(model_file), *folders)
    assert done.returncode == 0, done.stderr
    assert "imgwatch[" not in done.stderr, "no extra is asked for"
    assert "AUROC" in done.stdout


def test_a_page_needs_no_tensorflow(tmp_path: Path, folders: list[str], model_file: Path) -> None:
    page = tmp_path / "page"
    done = _run(
        tmp_path, ["tensorflow", "keras", "tf2onnx", "imgwatch_train"],
        "evaluate", "--model", str(model_file), *folders, "--out", str(page),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "imgwatch[" not in done.stderr, "no extra is asked for"
    assert (page / "report.html").is_file()


def test_a_missing_extra_is_reported_before_any_work(
    tmp_path: Path, folders: list[str], model_file: Path
) -> None:
    (tmp_path / "junk" / "broken.png").write_bytes(b"no picture")
    done = _run(
        tmp_path, ["matplotlib"],
        "evaluate", "--model", str(tmp_path / "none.onnx"), *folders, "--out", str(tmp_path / "page"),
    )  # fmt: skip
    assert done.returncode == 69
    assert done.stderr == "imgwatch: this needs matplotlib: pip install 'imgwatch[report]'\n"
    assert not (tmp_path / "page").exists()


def test_training_asks_for_its_extra_before_it_decodes(tmp_path: Path, folders: list[str]) -> None:
    done = _run(
        tmp_path, ["tensorflow", "jinja2"], "train", str(tmp_path / "normal"), "--out", str(tmp_path / "m")
    )
    assert done.returncode == 69
    assert done.stderr == "imgwatch: this needs tensorflow and jinja2: pip install 'imgwatch[train]'\n"
    assert not list(tmp_path.glob("m*"))


@pytest.mark.parametrize(
    ("package", "extra", "options"),
    [
        ("starlette", "review", ["review", "--no-open"]),
        ("distributed", "cluster", ["rescan", "--cluster", "local"]),
    ],
)
def test_other_commands_name_their_extra_too(
    tmp_path: Path, folders: list[str], package: str, extra: str, options: list[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        f"watch: [{{path: {folders[1]}}}]\nquarantine: {{path: {tmp_path / 'q'}}}\nstate: {tmp_path / 's'}\n"
    )
    done = _run(tmp_path, [package], *options, "--config", str(config))
    assert done.returncode == 69
    assert done.stderr == f"imgwatch: this needs {package}: pip install 'imgwatch[{extra}]'\n"
