"""The daemon and the commands around it: breaker and resume, doctor, purge by the user's limits, reload."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
from pathlib import Path

import pytest

from conftest import WriteConfig, bright, dark, picture_bytes
from daemon import Daemon, digests, names, objects, run, wait_until

pytestmark = pytest.mark.e2e


def quarantined(tmp_path: Path) -> list[str]:
    folder = tmp_path / "quarantine" / "pictures"
    return names(list(folder.iterdir())) if folder.is_dir() else []


def test_the_breaker_holds_back_also_after_a_restart_until_resume(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(breaker="{window: 6, share: 0.5}"), tmp_path / "inbox"
    with Daemon(config) as daemon:
        for number in range(10):
            bright(inbox / f"b{number}.png")
            daemon.wait_judged(number + 1)
        shown = run("status", "--json", config=config, code=4)
        status = json.loads(shown.stdout)
        assert status["breaker"] == "open"
        assert status["breaker_why"] == f"the last 3 pictures in {inbox} would all be quarantined"
        assert len(quarantined(tmp_path)) == 2
        assert status["held"] == 8
        daemon.told_once("the breaker opened")
    with Daemon(config) as daemon:
        bright(inbox / "b10.png")
        daemon.wait_judged(11)
        assert len(quarantined(tmp_path)) == 2, "still open"
        assert "the breaker is open: 9 pictures held back" in run("doctor", config=config).stdout
        assert "9 held pictures" in run("resume", config=config).stdout
        wait_until(lambda: len(quarantined(tmp_path)) == 11)
        assert run("status", config=config).returncode == 0
        assert "closed already" in run("resume", config=config).stdout


def test_paused_nothing_is_moved_until_resume(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        assert "Paused: the daemon moves nothing from now on" in run("pause", config=config).stdout
        bright(inbox / "b.png")
        daemon.wait_judged(1)
        status = json.loads(run("status", "--json", config=config, code=4).stdout)
        assert (status["breaker_why"], status["held"]) == ("paused by you", 1)
        assert quarantined(tmp_path) == []
        assert objects(run("pause", "--json", config=config).stdout) == [
            {"was_open": True, "breaker_why": "paused by you", "alive": True}
        ]
        daemon.told_once("paused by you")
        assert "1 held picture is judged now" in run("resume", config=config).stdout
        wait_until(lambda: quarantined(tmp_path) == ["b.png"])


def test_resume_without_a_daemon_works_at_its_next_start(tmp_path: Path, write_config: WriteConfig) -> None:
    config, inbox = write_config(breaker="{window: 4, share: 0.5}"), tmp_path / "inbox"
    with Daemon(config) as daemon:
        for number in range(5):
            bright(inbox / f"b{number}.png")
        daemon.wait_judged(5)
    assert objects(run("resume", "--json", config=config).stdout) == [
        {"was_open": True, "held": 4, "alive": False}
    ]
    with Daemon(config):
        wait_until(lambda: len(quarantined(tmp_path)) == 5)


def test_a_faulty_config_or_model_at_reload_leaves_the_daemon_as_it_was(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    text = config.read_text()
    with Daemon(config) as daemon:
        faulty = (
            "watch: 3",
            text.replace("brightness.onnx", "none.onnx"),
            text.replace(f"path: {inbox}", "path: /nowhere"),
        )
        for number, broken in enumerate(faulty, 1):
            config.write_text(broken)
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda n=number: daemon.log.read_text().count("the new config is refused") == n)  # type: ignore[misc]
        config.write_text(text)
        bright(inbox / "b1.png")
        wait_until(lambda: quarantined(tmp_path) == ["b1.png"])
        assert daemon.process.poll() is None


def test_an_order_to_reload_during_a_reload_is_obeyed_too(
    tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with Daemon(config) as daemon:
            daemon.process.send_signal(signal.SIGHUP)
            while b"RELOADING=1" not in notified.recv(4096):
                pass
            notified.close()  # nobody reads any more
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: daemon.log.read_text().count("the config is read again") == 2)


def test_the_limits_of_the_quarantine_are_kept_by_the_daemon(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, folder = tmp_path / "inbox", tmp_path / "quarantine"
    config = write_config()
    with Daemon(config) as daemon:
        bright(inbox / "b1.png")
        wait_until(lambda: quarantined(tmp_path) == ["b1.png"])
        dark(inbox / "d1.png")
        daemon.wait_judged(2)
    write_config(quarantine=f"{{path: {folder}, max_gigabytes: 0.00000001}}")
    with Daemon(config) as daemon:
        wait_until(lambda: quarantined(tmp_path) == [])
        daemon.wait_log("deleted for good")
        wait_until(lambda: daemon.status()["purged"] == 1)
    assert (inbox / "d1.png").exists()


def test_with_several_threads_a_stop_in_the_middle_loses_nothing_and_judges_nothing_twice(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    inbox, folder = tmp_path / "inbox", tmp_path / "quarantine"
    config = write_config(threads="2")
    with Daemon(config) as daemon:
        contents = [picture_bytes(230 if number % 3 == 0 else 40) for number in range(600)]
        for number, content in enumerate(contents):
            (inbox / f"{number}.png").write_bytes(content)
        wait_until(lambda: quarantined(tmp_path))
        assert daemon.stop() == 0
        left = digests(inbox, folder / "pictures")
        assert left == sorted(hashlib.sha256(content).hexdigest() for content in contents)
    with Daemon(config) as daemon:
        daemon.wait_judged(600)
        assert daemon.status()["judged"] == 600
    assert quarantined(tmp_path) == sorted(f"{number}.png" for number in range(0, 600, 3))


def test_doctor_finds_what_is_wrong_and_says_what_to_do(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config()
    findings = objects(run("doctor", "--json", config=config).stdout)
    assert {line["grade"] for line in findings} == {"ok", "warning"}
    assert [line["what"] for line in findings if line["grade"] == "warning"] == [
        "no daemon is running with this config"
    ]
    (tmp_path / "inbox").rmdir()
    (tmp_path / "quarantine" / "pictures").mkdir(parents=True)
    dark(tmp_path / "quarantine" / "pictures" / "orphan.png")
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "ledger.sqlite").write_bytes(b"not a database" * 100)
    write_config_text = config.read_text().replace("brightness.onnx", "none.onnx")
    config.write_text(write_config_text)
    findings = objects(run("doctor", "--json", config=config, code=69).stdout)
    faults = {line["what"]: line for line in findings if line["grade"] != "ok"}
    for word in ("no such folder", "no such model file", "has no record", "the ledger is damaged"):
        line = next((line for what, line in faults.items() if word in what), None)
        assert line, (word, faults)
        assert line["to_do"]
    assert not (tmp_path / "state" / "ledger.sqlite.damaged-1").exists(), "doctor changes nothing"


def test_status_before_the_first_start_makes_nothing(tmp_path: Path, write_config: WriteConfig) -> None:
    config = write_config(state=str(tmp_path / "new"))
    assert objects(run("status", "--json", config=config, code=3).stdout)[0]["judged"] == 0
    assert not (tmp_path / "new").exists()
