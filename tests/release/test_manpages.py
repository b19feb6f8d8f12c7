"""The man pages that the wheel and the Debian package carry."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "release"))

from command_tree import commands, exit_codes  # noqa: E402
from manpages import pages  # noqa: E402


def rendered(text: str) -> str:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-"],
        input=text, capture_output=True, text=True, check=True, env={"MANWIDTH": "200", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stderr == ""
    return re.sub(".\b", "", done.stdout)


def test_every_command_and_option_has_its_line() -> None:
    shown = {name: rendered(text) for name, text in pages().items()}
    for command in commands():
        page = shown[f"imgwatch-{command.words[0]}.1" if command.words else "imgwatch.1"]
        assert "imgwatch " + " ".join(command.words) in page
        for option in command.options:
            assert option.name in page, (command.words, option)


def test_the_first_page_says_of_each_command_in_a_whole_sentence_what_it_does() -> None:
    listed = pages()["imgwatch.1"].split(".SH COMMANDS\n")[1].split("\n.SH")[0]
    lines = [line for line in listed.splitlines() if not line.startswith(".")]
    assert len(lines) == sum(len(command.words) == 1 for command in commands())
    assert all(line.endswith(".") and not line.endswith("..") for line in lines), lines


def test_the_pages_are_made_with_what_a_build_of_the_wheel_installs() -> None:
    absent = ("yaml", "platformdirs", "numpy", "PIL", "onnx", "onnxruntime", "pebble", "watchdog")
    only = f"import sys; sys.modules |= dict.fromkeys({absent})"
    make = f"sys.path[:0] = [{str(ROOT / 'daemon')!r}, {str(ROOT / 'release')!r}]; from manpages import pages; pages()"
    subprocess.run([sys.executable, "-c", f"{only}; {make}"], check=True)


def test_the_page_of_the_config_is_the_commented_config() -> None:
    page = rendered(pages()["imgwatch-config.5"])
    text = (ROOT / "config.yaml").read_text()
    for key in yaml.safe_load(text):
        assert f"{key}:" in page
    assert [line.split() for line in text.splitlines() if line] <= [
        line.split() for line in page.splitlines()
    ]


@pytest.mark.parametrize("code", ["0", "1", "2", "66", "69", "73", "74", "78"])
def test_every_exit_code_is_told(code: str) -> None:
    assert code in {listed.name for listed in exit_codes()}
    assert re.search(rf"^ +{code}  +\S", rendered(pages()["imgwatch.1"]), re.MULTILINE)
