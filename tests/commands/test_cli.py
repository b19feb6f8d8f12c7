"""The commands as a person types them: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark
from daemon import COMMAND, objects, run, tree
from imgwatch.cli import COMMANDS

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.e2e


def test_init_writes_once_and_never_overwrites(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    run("init", "--watch", tmp_path, config=config)
    assert str(tmp_path) in config.read_text()
    before = config.read_bytes()
    assert "not overwritten" in run("init", "--watch", "/", config=config, code=73).stderr
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("folders", "why"),
    [
        (["a", "a/sub"], "is watched already as part of watch.0.path"),
        (["a", "a"], "is watched already as part of watch.0.path"),
        (["a", "link"], "is watched already as part of watch.0.path"),
    ],
)
def test_init_writes_no_config_that_another_command_refuses(
    tmp_path: Path, folders: list[str], why: str
) -> None:
    (tmp_path / "a" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    config = tmp_path / "c.yaml"
    watched = [word for folder in folders for word in ("--watch", str(tmp_path / folder))]
    refused = run("init", *watched, config=config, code=2).stderr
    assert why in refused
    assert "name other folders" in refused
    assert not config.exists()


def test_score_tells_and_moves_nothing(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    inbox = tmp_path / "inbox"
    dark(inbox / "a.png"), bright(inbox / "b.png")
    (inbox / "c.jpg").write_text("no picture")
    (inbox / "notes.txt").write_text("text")
    before = tree(tmp_path / "inbox")
    scored = objects(run("score", inbox, "--json", "--explain", tmp_path / "why", config=config).stdout)
    assert [line["verdict"] for line in scored] == ["keep", "quarantine", "unreadable"]
    assert set(scored[0]) == {
        *("path", "verdict", "score", "threshold", "reason", "model"),
        *("reason_code", "kind"),
    }
    assert [line["kind"] for line in scored] == [None, "stranger", None]
    assert [line["reason_code"] for line in scored] == ["normal", "other_part", "unreadable"]
    assert tree(inbox) == before
    assert sorted(path.name for path in (tmp_path / "why").iterdir()) == [
        "0001-a.heat.png", "0001-a.png", "0002-b.heat.png", "0002-b.png",
    ]  # fmt: skip
    assert not (tmp_path / "quarantine").exists()


def test_results_go_into_a_file_also_while_a_bar_is_shown_on_a_terminal(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    dark(tmp_path / "inbox" / "a.png")
    terminal, end = os.openpty()
    command = [*COMMAND, "rescan", "--json", "--dry-run", "--config", str(config)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=end, text=True, timeout=60, check=True)
    os.close(end)
    assert [line["verdict"] for line in objects(done.stdout)] == ["keep"]
    assert b"rescan" in os.read(terminal, 10_000)
    os.close(terminal)


def test_rescan_judges_what_lies_there_and_restore_gives_it_back(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    inbox = tmp_path / "inbox"
    for number in range(4):
        dark(inbox / "sub" / f"a{number}.png"), bright(inbox / f"b{number}.png")
    before = tree(inbox)
    dry = objects(run("rescan", "--dry-run", "--json", config=config).stdout)
    assert tree(inbox) == before
    moved = objects(run("rescan", "--json", config=config).stdout)
    assert [line["verdict"] for line in dry] == [line["verdict"] for line in moved]
    assert sum("moved_to" in line for line in moved) == 4
    assert objects(run("rescan", "--json", config=config).stdout) == []
    assert len(objects(run("rescan", "--json", "--all", config=config).stdout)) == 4
    listed = objects(run("quarantine", "list", "--json", config=config).stdout)
    assert {
        "id",
        "original",
        "file",
        "score",
        "threshold",
        "reason",
        "model",
        "sha256",
        "bytes",
        "quarantined_at",
    } <= set(listed[0])
    run("quarantine", "show", listed[0]["id"][:6], config=config)
    run("quarantine", "restore", "--since", "1h", config=config)
    assert tree(inbox) == before


def test_rescan_of_a_folder_that_is_not_watched_can_be_restored(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    picture = bright(tmp_path / "elsewhere" / "a.png")
    run("rescan", picture.parent, config=config)
    assert not picture.exists()
    run("quarantine", "restore", "--all", config=config)
    assert picture.exists()


def test_one_conflict_stops_no_other_restore(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    inbox = tmp_path / "inbox"
    bright(inbox / "a.png"), bright(inbox / "b.png")
    run("rescan", config=config)
    (inbox / "a.png").write_text("in the way")
    done = run("quarantine", "restore", "--all", config=config, code=73)
    assert "in the way" in done.stderr
    assert (inbox / "a.png").read_text() == "in the way"
    assert (inbox / "b.png").exists()
    run("quarantine", "restore", "--all", "--to", inbox, config=config)  # with a number in its name
    assert (inbox / "a.png").read_text() == "in the way"
    assert len(list(inbox.iterdir())) == 3


def test_purge_wants_a_limit_and_deletes_for_good(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    bright(tmp_path / "inbox" / "a.png")
    run("rescan", config=config)
    run("quarantine", "purge", config=config, code=2)
    run("quarantine", "purge", "--older-than-days", "1", config=config)
    assert len(objects(run("quarantine", "list", "--json", config=config).stdout)) == 1
    asked = run("quarantine", "purge", "--older-than-days", "0", config=config, code=2)
    assert "--yes" in asked.stderr
    run("quarantine", "purge", "--older-than-days", "0", "--yes", config=config)
    assert objects(run("quarantine", "list", "--json", config=config).stdout) == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["score", "/nowhere/x.jpg"], 66, "/nowhere/x.jpg"),
        (["rescan", "/nowhere"], 66, "/nowhere"),
        (["quarantine", "show", "abc"], 66, "abc"),
        (["quarantine", "restore"], 2, "--all"),
        (["quarantine", "restore", "--since", "later"], 2, "--since"),
        (["score"], 2, ""),
        (["frobnicate"], 2, ""),
        (["calibrate", "/nowhere"], 66, "/nowhere"),
        (["status"], 3, ""),
    ],
)
def test_faults_name_what_is_wrong_and_exit_as_promised(
    write_config: WriteConfig, arguments: list[str], code: int, says: str
) -> None:
    done = run(*arguments, config=write_config(), code=code)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_config_and_model_exit_78_and_nothing_moves(tmp_path: Path, write_config: WriteConfig) -> None:
    picture = bright(tmp_path / "inbox" / "a.png")
    for lines, says in (
        ({"mode": "maybe"}, "mode: must be one of auto, quarantine, report (found 'maybe')"),
        ({"model": "/nowhere/m.onnx"}, "/nowhere/m.onnx"),
    ):
        for command in (["watch"], ["rescan"]):
            assert says in run(*command, config=write_config(**lines), code=78).stderr
    assert picture.exists()


def test_a_folder_that_was_never_there_is_an_error(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config(watch=f"[{{path: {tmp_path / 'typo'}}}]")
    assert "typo" in run("watch", config=config, code=66).stderr


def test_hostile_names_cannot_forge_a_line(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    bright(tmp_path / "inbox" / "a\nkeep 0 b\x1b[2J\u202e.png")
    output = run("score", tmp_path / "inbox", config=config).stdout
    assert len(output.splitlines()) == 1
    assert "\x1b" not in output
    assert "\u202e" not in output


def imported_by(code: str) -> set[str]:
    timed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    return {line.split("|")[-1].strip().split(".")[0] for line in timed.stderr.splitlines()}


def test_quick_commands_import_nothing_heavy() -> None:
    assert not imported_by("import imgwatch.cli") & {
        "numpy",
        "onnxruntime",
        "PIL",
        "tensorflow",
        "msgspec",
        "yaml",
    }
    assert not imported_by("import imgwatch.commands.quarantine, imgwatch.quarantine, imgwatch.config") & {
        "numpy",
        "onnxruntime",
        "PIL",
        "tensorflow",
    }


LOADED = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from imgwatch.cli import main
main()
"""


@pytest.mark.parametrize(
    ("command", "wanted"), [("--version", set()), ("quarantine", {"quarantine"}), ("status", {"status"})]
)
def test_only_the_command_that_is_asked_for_is_imported(command: str, wanted: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, command, "--help"], capture_output=True, text=True, check=True
    )
    loaded = done.stderr.split()
    assert {name for name in COMMANDS.values() if f"imgwatch.commands.{name}" in loaded} == wanted


COLLECTING = """
import atexit, gc, sys
atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 1000))
from imgwatch.start import main
main()
"""


def test_a_command_collects_garbage_and_not_its_modules() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLLECTING, "status", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True True"


def test_status_imports_no_more_than_it_reads(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    code = f"import sys; sys.argv[1:] = ['status', '--config', {str(config)!r}]\n"
    done = subprocess.run([sys.executable, "-c", code + LOADED], capture_output=True, text=True, check=False)
    loaded = set(done.stderr.split())
    assert "imgwatch.status" in loaded
    assert not {"ctypes", "dataclasses", "numpy", "pathspec", "rich", "socket", "watchdog"} & loaded


def test_an_unknown_command_is_told_and_help_names_them_all() -> None:
    assert "No such command 'nonsense'" in run("nonsense", code=2).stderr
    overview = run("--help").stdout
    assert all(f"  {name}  " in overview for name in COMMANDS)


def test_a_library_user_gets_the_same_verdicts(
    tmp_path: Path, model_file: Path, write_config: WriteConfig
) -> None:
    import imgwatch

    picture = bright(tmp_path / "inbox" / "a.png")
    with imgwatch.load_model(model_file) as model:
        [judged] = model.judge([picture])
    scored = json.loads(run("score", picture, "--json", config=write_config()).stdout)
    assert (judged.judgement.verdict, judged.judgement.score) == (scored["verdict"], scored["score"])
    assert list(imgwatch.Quarantine(tmp_path / "quarantine").list()) == []
