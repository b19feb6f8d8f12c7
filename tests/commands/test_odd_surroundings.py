"""Every command in a process that has no home, no working folder, or a terminal that lacks letters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import COMMAND, run
from imgwatch.config import parse_config
from imgwatch.errors import ConfigError

pytestmark = pytest.mark.e2e

WITHOUT_A_HOME = """
import os, pwd, sys
os.environ.pop("HOME", None)
def unknown(_): raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
sys.argv[0] = "imgwatch"
from imgwatch.cli import main
main()
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [("status", 3), ("doctor", 0), ("quarantine list", 0), ("score INBOX", 0), ("rescan", 0)],
)
def test_without_a_home_what_is_set_in_the_config_is_used(
    tmp_path: Path, write_config: WriteConfig, words: str, code: int
) -> None:
    config = write_config()
    command = [*words.replace("INBOX", str(tmp_path / "inbox")).split(), "--config", str(config)]
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_HOME, *command], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_home_what_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"watch: [{{path: {tmp_path}}}]\n")
    command = ["status", "--config", str(tmp_path / "config.yaml")]
    done = subprocess.run([sys.executable, "-c", WITHOUT_A_HOME, *command], capture_output=True, text=True)
    assert done.returncode == 78
    assert "state: this user has no home folder: name an absolute path" in done.stderr
    assert "quarantine.path: this user has no home folder" in done.stderr


def test_in_a_removed_folder_pictures_are_judged(tmp_path: Path, write_config: WriteConfig) -> None:
    config, gone = write_config(), tmp_path / "gone"
    bright(tmp_path / "inbox" / "b.png")
    gone.mkdir()
    script = f"cd '{gone}' && rmdir '{gone}' && exec \"$@\""
    command = [*COMMAND, "rescan", "--config", str(config)]
    done = subprocess.run(["sh", "-c", script, "sh", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 quarantined" in done.stdout


def test_a_terminal_that_lacks_letters_ends_no_command(
    tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, names = write_config(), ["a.png", "Ελλάδα.png", "z🌸.png"]
    for name in names:
        bright(tmp_path / "inbox" / name)
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    run("rescan", config=config)
    assert r"\u0395" in run("quarantine", "list", config=config).stdout
    run("quarantine", "restore", "--all", config=config)
    assert sorted(path.name for path in (tmp_path / "inbox").iterdir()) == sorted(names)


def test_aliases_that_stand_for_very_much_are_refused() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match="aliases expand to more than 100000 values"):
        parse_config("\n".join(lines), "c.yaml")


def test_a_config_of_megabytes_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("# " + "x" * 2_000_000)
    assert "longer than 1000000 bytes" in run("status", config=config, code=78).stderr
