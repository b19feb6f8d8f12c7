"""What the real daemon tells: figures, the hook, whether the folder has changed; and that none of it is in its way."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import WriteConfig, bright, dark
from daemon import Daemon, run, wait_until
from imgwatch.drift import BLOCK, Drift
from imgwatch.ledger import Ledger
from imgwatch.model.scorer import Scorer

pytestmark = pytest.mark.e2e

DOCS = Path(__file__).parent.parent.parent / "docs"
LINE = "yesterday: 0 judged, 0 quarantined, 0 unreadable"
UNKNOWN_YET = {"imgwatch_model_made_timestamp_seconds", "imgwatch_drift_chance"}


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def scraped(port: int) -> dict[str, float]:
    """Read the port as Prometheus does; return the samples without labels, and the names of all families."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    values = {
        sample.name: sample.value for family in families for sample in family.samples if not sample.labels
    }
    names = {
        re.sub("_(bucket|sum|count)$", "", sample.name) for family in families for sample in family.samples
    }
    return dict.fromkeys(names, -1.0) | values


def test_figures_on_the_port_and_in_the_file_are_what_was_done(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    port, file, inbox = free_port(), tmp_path / "figures" / "imgwatch.prom", tmp_path / "inbox"
    file.parent.mkdir()
    config = write_config(metrics=f"{{port: {port}, textfile: {file}}}")
    with Daemon(config) as daemon:
        for number in range(3):
            dark(inbox / f"d{number}.png")
        bright(inbox / "b.png")
        (inbox / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
        daemon.wait_judged(5)
        for name, value in (
            ("judged_total", 5),
            ("quarantined_total", 1),
            ("unreadable_total", 1),
            ("latency_seconds_count", 5),
            ("drift_compared", 3),
        ):
            wait_until(lambda n=name, v=value: scraped(port)[f"imgwatch_{n}"] == v, says=name)  # type: ignore[misc]
        samples = scraped(port)
        documented = set(re.findall(r"^\| `(imgwatch_\w+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE))
        assert {re.sub("_(bucket|sum|count)$", "", name) for name in samples} == documented - UNKNOWN_YET
        wait_until(lambda: "imgwatch_judged_total 5.0" in file.read_text())
        assert daemon.status()["troubles"] == []
    assert not file.exists()


def test_what_is_moved_to_the_folder_for_its_kind_is_counted(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    port, inbox = free_port(), tmp_path / "inbox"
    rules = f"{{stranger: {{action: move, to: {tmp_path / 'strange'}}}}}"
    with Daemon(write_config(metrics=f"{{port: {port}}}", kinds=rules)) as daemon:
        bright(inbox / "b.png")
        wait_until(lambda: scraped(port)["imgwatch_moved_total"] == 1)
        wait_until(lambda: daemon.status().get("moved") == 1)
    assert (tmp_path / "strange" / "b.png").exists()


def test_figures_come_and_go_with_the_config(tmp_path: Path, write_config: WriteConfig) -> None:
    port = free_port()
    config = write_config()
    with Daemon(config) as daemon:
        write_config(metrics=f"{{port: {port}}}")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: daemon.log.read_text().count("watching ") == 2)
        wait_until(lambda: scraped(port)["imgwatch_judged_total"] == 0)
        with socket.create_connection(("127.0.0.1", port)):
            write_config()
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: daemon.log.read_text().count("watching ") == 3)
        with pytest.raises(OSError, match="refused"):
            scraped(port)


def test_a_port_that_is_taken_is_a_trouble_and_no_more(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = write_config(metrics=f"{{port: {taken.getsockname()[1]}}}")
        with Daemon(config) as daemon:
            bright(inbox / "b.png")
            daemon.wait_judged(1)
            assert "cannot be opened: Address already in use" in daemon.status()["troubles"][0]
    assert (tmp_path / "quarantine" / "pictures" / "b.png").exists()


def test_without_the_extra_it_does_not_start_and_says_what_to_install(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config(metrics="{port: 9321}")
    program = (
        "import sys; sys.modules['prometheus_client'] = None; from imgwatch.cli import main; sys.exit(main())"
    )
    for command, code in (("watch", 78), ("doctor", 69)):
        arguments = [sys.executable, "-c", program, command, "--config", str(config)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done
        assert "pip install 'imgwatch[metrics]'" in done.stdout + done.stderr


def test_a_hook_that_hangs_stops_no_move_and_no_stop(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, received = tmp_path / "inbox", tmp_path / "told"
    config = write_config(
        hooks=f"{{quarantined: [/bin/sh, -c, 'cat > {received}; sleep 1000'], timeout_seconds: 600}}"
    )
    with Daemon(config) as daemon:
        bright(inbox / "b0.png")
        wait_until(lambda: received.exists() and received.read_text())
        for number in range(1, 20):
            bright(inbox / f"b{number}.png")
        daemon.wait_judged(20)
        assert len(list((tmp_path / "quarantine" / "pictures").iterdir())) == 20
        assert json.loads(received.read_text())["quarantined"][0]["original"] == str(inbox / "b0.png")
        assert daemon.stop() == 0
        daemon.wait_log("19 quarantined pictures are no longer reported to the hook")


def test_a_hook_that_fails_is_one_line_and_told_by_status(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config(hooks="{quarantined: [/bin/false], seconds_between: 0}")) as daemon:
        for number in range(5):
            bright(inbox / f"b{number}.png")
            daemon.wait_judged(number + 1)
        wait_until(lambda: "the hook /bin/false failed" in (daemon.status()["last_error"] or ""))
        daemon.told_once("the hook /bin/false failed")


def test_a_changed_folder_is_told_once_and_known_after_a_restart(
    tmp_path: Path, write_config: WriteConfig, model_file: Path
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    almost = Drift(Scorer(model_file).name, (0.99,) * (BLOCK - 1), among=150)
    with Daemon(config) as daemon:
        assert daemon.status()["drift"] is None
    ledger = Ledger(tmp_path / "state" / "ledger.sqlite")
    ledger.facts.put_drift(almost.to_json())
    ledger.close()
    with Daemon(config) as daemon:
        assert daemon.status()["drift"] is None
        assert daemon.status()["drift_says"] == "199 of the first 200 kept pictures compared so far"
        bright(inbox / "b.png")
        daemon.wait_judged(1)
        assert daemon.status()["drift"] is None, "what is quarantined does not count"
        dark(inbox / "d1.png")
        daemon.wait_judged(2)
        wait_until(lambda: daemon.status()["drift"])
        dark(inbox / "d2.png")
        daemon.wait_judged(3)
    with Daemon(config) as daemon:
        status = daemon.status()
        assert status["drift"] is True
        assert status["drift_says"].startswith("your folder has changed: half of the last 200")
        daemon.told_once("your folder has changed")
        assert "drift: your folder has changed: " in run("status", config=config).stdout


def test_the_day_before_is_told_once_by_the_daemon_of_the_next_day(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config = write_config()
    with Daemon(config) as daemon:
        assert "yesterday" not in daemon.log.read_text()
    ledger = Ledger(tmp_path / "state" / "ledger.sqlite")
    ledger.facts.put_last_digest("2026-01-01")
    ledger.close()
    for _ in range(2):
        with Daemon(config) as daemon:
            wait_until(lambda: LINE in (tmp_path / "watch.log").read_text())
    daemon.told_once("yesterday")


def test_how_many_in_quarantine_are_the_users_own_is_told_and_corrected_by_decisions(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    config, inbox = write_config(), tmp_path / "inbox"
    with Daemon(config) as daemon:
        assert daemon.status()["yours"] is None
        for number in range(4):
            bright(inbox / f"b{number}.png")
            daemon.wait_judged(number + 1)
        wait_until(lambda: (daemon.status()["yours"] or {}).get("decided") == 0)
        expected = daemon.status()["yours"]["share"]
        assert expected < 0.1
        assert "about 5 are yours" in run("status", config=config).stdout
        for number in range(3):
            run("quarantine", "restore", str(inbox / f"b{number}.png"), config=config)
        corrected = daemon.status()["yours"]
        assert (corrected["restored"], corrected["decided"]) == (3, 3)
        assert expected < corrected["share"]
        assert corrected["low"] < corrected["share"] < corrected["high"]
