"""What the documents say can be done: commands and options exist, links lead somewhere, examples run."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer.main

from imgwatch.cli import app
from imgwatch.config import parse_config

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    return [
        (page.name, body) for page in PAGES for name, body in BLOCK.findall(page.read_text()) if name == kind
    ]


def commands() -> list[tuple[str, str]]:
    lines = [(page, line) for page, body in blocks("console") for line in body.splitlines()]
    return [
        (page, line.removeprefix("$ ").split("#")[0].strip()) for page, line in lines if line.startswith("$ ")
    ]


def options_of(words: list[str]) -> set[str]:
    """Return the options of an imgwatch command, by its words."""
    command = typer.main.get_command(app())
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(("page", "line"), [row for row in commands() if row[1].startswith("imgwatch ")])
def test_commands_and_their_options_exist(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    known = options_of(list(words)) | {"--help"}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known, (page, line)


@pytest.mark.parametrize(("page", "line"), [row for row in commands() if row[1].startswith("make ")])
def test_make_targets_exist(page: str, line: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in line.split()[1:] if "=" not in word} <= targets, (page, line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), (page.name, link)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_headings_lead_to_a_heading(page: Path) -> None:
    for file, anchor in re.findall(r"\]\(([^):#]*)#([^)]+)\)", page.read_text()):
        target = page.parent / file if file else page
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, (page.name, file, anchor)


@pytest.mark.parametrize(("page", "body"), blocks("yaml"))
def test_configs_load(page: str, body: str) -> None:
    text = body if body.lstrip().startswith(("#", "watch")) else f"watch: [{{path: /pictures}}]\n{body}"
    assert parse_config(text, page)


@pytest.mark.parametrize(("page", "body"), blocks("python"))
def test_examples_run(page: str, body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(body, page, "exec"), {})


@pytest.mark.parametrize(("page", "body"), blocks("sh"))
def test_scripts_are_scripts(page: str, body: str) -> None:
    done = subprocess.run(["sh", "-n"], input=body, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (page, done.stderr)


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/reliability.md"])
def test_the_tests_that_are_named_exist(page: str) -> None:
    named = re.findall(r"`([\w/]*test_\w+\.py)`", (ROOT / page).read_text())
    assert named
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_each_promise_of_security_names_its_test() -> None:
    promised = (ROOT / "SECURITY.md").read_text().partition("## What is promised")[2].partition("\n## ")[0]
    promises = re.split(r"^- ", promised, flags=re.MULTILINE)[1:]
    assert len(promises) > 8
    assert [promise for promise in promises if not re.search(r"`[\w/]*test_\w+\.py`", promise)] == []


def test_the_modules_that_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = {name for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", text) if name.strip("/")}
    paths = {str(path) for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    paths |= {str(path) for path in ROOT.rglob("*/") if ".venv" not in path.parts}
    missing = {name for name in named if not any(path.endswith("/" + name.rstrip("/")) for path in paths)}
    assert len(named) > 20
    assert not missing


def test_there_is_something_to_test() -> None:
    assert len(commands()) > 20
    assert blocks("python")
