"""Help, completion and names that were nearly right, as a person meets them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.completion import get_completion_script

from daemon import run

pytestmark = pytest.mark.e2e


def test_help_of_a_command_is_what_the_command_says() -> None:
    for words in ((), ("rescan",), ("quarantine",), ("quarantine", "list")):
        assert run("help", *words).stdout == run(*words, "--help").stdout == run(*words, "-h").stdout


def test_the_lists_of_commands_cut_no_sentence_short() -> None:
    for group in ((), ("config",), ("model",), ("quarantine",), ("service",), ("token",)):
        listed = run(*group, "--help").stdout.partition("\nCommands:\n")[2]
        assert listed
        assert "..." not in listed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("qarantine",), "Did you mean 'quarantine'?"),
        (("quarantine", "lst"), "Did you mean 'list'?"),
        (("help", "resccan"), "Did you mean 'rescan'?"),
        (("help", "quarantine", "lst"), "Did you mean 'list'?"),
        (("help", "rescan", "more"), "has no subcommands"),
        (("rescan", "--dri-run"), "--dry-run"),
    ],
)
def test_a_name_that_was_nearly_right_is_told(words: tuple[str, ...], says: str) -> None:
    assert says in run(*words, code=2).stderr


@pytest.fixture
def on_path(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose PATH has this imgwatch under its name."""
    command = tmp_path / "bin" / "imgwatch"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m imgwatch "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def script_for(shell: str) -> str:
    return get_completion_script(prog_name="imgwatch", complete_var="_IMGWATCH_COMPLETE", shell=shell)


def output_of(*command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bash_completes_commands_and_options(on_path: dict[str, str]) -> None:
    script = script_for("bash") + (
        '\nCOMP_WORDS=(imgwatch qu); COMP_CWORD=1; _imgwatch_completion imgwatch; echo "${COMPREPLY[*]}"'
        '\nCOMP_WORDS=(imgwatch rescan --dr); COMP_CWORD=2; _imgwatch_completion imgwatch; echo "${COMPREPLY[*]}"'
    )
    assert output_of("bash", "-c", script, environment=on_path) == "quarantine\n--dry-run\n"


def test_fish_completes_commands_with_what_they_do(on_path: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "imgwatch.fish"
    script.write_text(script_for("fish"))
    fish = shutil.which("fish")
    assert fish, "fish is not installed: .ci/packages"
    shown = output_of(
        fish, "-c", f"source {script}; complete -C 'imgwatch quarantine li'", environment=on_path
    )
    assert shown == "list\tList what is in quarantine, oldest first.\n"


def test_zsh_completes_commands_with_what_they_do(on_path: dict[str, str]) -> None:
    zsh = shutil.which("zsh")
    assert zsh, "zsh is not installed: .ci/packages"
    # `_arguments` belongs to the line editor, which needs a terminal: it is told here what it would be told there
    script = (
        "autoload -Uz compinit; compinit -u\n"
        + script_for("zsh")
        + '\n_arguments() { print -r -- "$@" }; words=(imgwatch quar); CURRENT=2; _imgwatch_completion'
    )
    assert '"quarantine":"List what is in quarantine' in output_of(
        zsh, "-f", "-c", script, environment=on_path
    )
