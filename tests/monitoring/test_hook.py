"""The user's command: it hangs, fails, floods, and the daemon goes on."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon import wait_until
from imgwatch.judgement import Judgement, Verdict, in_words
from imgwatch.monitoring.hook import MOST_WAITING, Hook, message
from imgwatch.quarantine.metadata import FileMetadata
from imgwatch.quarantine.record import Record
from imgwatch.settings import HookSettings

Open = Callable[..., Hook]


def record(number: int = 0) -> Record:
    return Record(
        id=f"{number:012x}",
        file=f"{number}.png",
        original=f"/in/{number}.png",
        size_bytes=100,
        metadata=FileMetadata(0, 0, 0o644, 0, 0, {"user.secret": b"x"}),
        judgement=Judgement(
            Verdict.QUARANTINE, in_words("bright"), "m", 0.9, 0.5, "00" * 32, {"brightness": 0.9}
        ),
        quarantined_at=datetime(2026, 3, 14, tzinfo=UTC),
    )


@pytest.fixture
def open_hook() -> Iterator[Open]:
    """Return what opens a hook that runs a line of shell; closed at the end."""
    with ExitStack() as stack:

        def opened(script: str, seconds_between: float = 0.0, timeout_seconds: float = 60.0) -> Hook:
            settings = HookSettings(
                quarantined=("/bin/sh", "-c", script),
                seconds_between=seconds_between,
                timeout_seconds=timeout_seconds,
            )
            hook = Hook(settings)
            stack.callback(hook.close)
            return hook

        yield opened


def messages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_command_reads_what_was_quarantined(tmp_path: Path, open_hook: Open) -> None:
    hook = open_hook(f"cat >> {tmp_path}/told")
    hook.note(record(1))
    wait_until(lambda: hook.outcomes["done"] == 1)
    received = messages(tmp_path / "told")
    assert received == [json.loads(message([record(1)], 0))]
    assert received[0]["left_out"] == 0
    (picture,) = received[0]["quarantined"]
    assert (picture["original"], picture["score"], picture["reason"]) == ("/in/1.png", 0.9, "bright")
    assert not {"xattrs", "uid", "parts"} & set(picture)


@pytest.mark.e2e
def test_a_command_that_hangs_is_killed_with_its_children_and_the_next_is_told(
    tmp_path: Path, open_hook: Open, caplog: pytest.LogCaptureFixture
) -> None:
    first = tmp_path / "first"
    script = f"[ -e {first} ] && exit 0; sleep 1000 & echo $! > {first}; wait"
    hook = open_hook(script, timeout_seconds=1.0)
    hook.note(record(1))
    wait_until(lambda: hook.outcomes["timed_out"] == 1)
    wait_until(lambda: not Path("/proc", first.read_text().strip()).exists(), says="the child is gone")
    hook.note(record(2))
    wait_until(lambda: hook.outcomes["done"] == 1)
    wait_until(lambda: "works again" in caplog.text)
    assert "did not finish within 1 s" in caplog.text


@pytest.mark.parametrize("ending", ["", "; wait", "; sleep 1000"], ids=["leaves it", "waits for it", "hangs"])
def test_what_began_a_session_of_its_own_is_ended_too(tmp_path: Path, open_hook: Open, ending: str) -> None:
    child, grandchild = tmp_path / "child", tmp_path / "grandchild"
    inner = f"sleep 1000 & echo $! > {grandchild}; exec sleep 1000"
    script = f"setsid sh -c '{inner}' & echo $! > {child}; while [ ! -s {grandchild} ]; do sleep 0.05; done{ending}"
    hook = open_hook(script, timeout_seconds=5.0)
    hook.note(record(1))
    wait_until(lambda: hook.outcomes["timed_out" if ending else "done"] == 1)
    for file in (child, grandchild):
        process = Path("/proc", file.read_text().strip())
        wait_until(lambda process=process: not process.exists())  # type: ignore[misc]


def test_closing_ends_what_began_a_session_of_its_own(tmp_path: Path, open_hook: Open) -> None:
    child = tmp_path / "child"
    hook = open_hook(f"setsid sleep 1000 & echo $! > {child}; sleep 1000")
    hook.note(record(1))
    wait_until(lambda: child.exists() and child.read_text().strip())
    hook.close()
    assert not Path("/proc", child.read_text().strip()).exists()


def test_a_command_that_fails_is_one_line_in_the_log(
    tmp_path: Path, open_hook: Open, caplog: pytest.LogCaptureFixture
) -> None:
    hook = open_hook("echo 'no such\x1b[1m host' >&2; exit 7")
    for number in range(1, 4):
        hook.note(record(number))
        wait_until(lambda n=number: hook.outcomes["failed"] == n)  # type: ignore[misc]
    wait_until(lambda: len(caplog.records) == 1)
    assert "exit 7: no such\\x1b[1m host" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


def test_a_command_that_is_not_there_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    hook = Hook(HookSettings(quarantined=("/nowhere/told",), seconds_between=0))
    for number in range(1, 4):
        hook.note(record(number))
        wait_until(lambda n=number: hook.outcomes["failed"] == n)  # type: ignore[misc]
    hook.close()
    assert caplog.text.count("No such file") == 1


def test_a_flood_is_told_in_few_runs_and_what_is_too_much_is_counted(tmp_path: Path, open_hook: Open) -> None:
    go = tmp_path / "go"
    hook = open_hook(f"while [ ! -e {go} ]; do sleep 0.05; done; cat >> {tmp_path}/told")
    hook.note(record(0))
    wait_until(lambda: hook.outcomes["left_out"] == 0 and not hook.is_waiting)
    flood = MOST_WAITING + 500
    for number in range(1, flood + 1):
        hook.note(record(number))
    go.touch()
    wait_until(lambda: hook.outcomes["done"] == 2)
    first, second = messages(tmp_path / "told")
    assert len(first["quarantined"]) == 1
    assert len(second["quarantined"]) == MOST_WAITING
    assert second["left_out"] == 500
    assert second["quarantined"][-1]["file"] == f"{flood}.png", "the latest are told"
    assert hook.outcomes["left_out"] == 500


def test_it_runs_at_most_once_in_so_many_seconds(tmp_path: Path, open_hook: Open) -> None:
    hook = open_hook(f"cat >> {tmp_path}/told", seconds_between=3600)
    hook.note(record(1))
    wait_until(lambda: hook.outcomes["done"] == 1)
    hook.note(record(2))
    hook.close()
    assert len(messages(tmp_path / "told")) == 1


def test_closing_waits_for_no_command(open_hook: Open) -> None:
    hook = open_hook("sleep 1000")
    hook.note(record(1))
    wait_until(lambda: hook.is_running)
    hook.close()
    assert not hook.is_running


def test_a_command_that_reads_nothing_blocks_nobody(open_hook: Open) -> None:
    hook = open_hook("exit 0")
    for number in range(MOST_WAITING):
        hook.note(record(number))
    wait_until(lambda: not hook.is_waiting and hook.outcomes["done"] >= 1)


def test_the_command_cannot_speak_for_the_daemon(
    tmp_path: Path, open_hook: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    monkeypatch.setenv("IMGWATCH_TEST", "kept")
    hook = open_hook(f"env > {tmp_path}/env; pwd >> {tmp_path}/env; ls -l /proc/self/fd >> {tmp_path}/env")
    with (tmp_path / "open").open("w") as stream:
        os.set_inheritable(stream.fileno(), False)
        hook.note(record(1))
        wait_until(lambda: hook.outcomes["done"] == 1)
    environment = (tmp_path / "env").read_text()
    assert "NOTIFY_SOCKET" not in environment
    assert "IMGWATCH_TEST=kept" in environment
    assert "\n/\n" in environment
    assert f"{tmp_path}/open" not in environment
