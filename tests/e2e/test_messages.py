"""The real daemon sends messages, and no service is in its way."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from conftest import WriteConfig, bright
from daemon import Daemon, run, wait_until
from imgwatch.ledger import Ledger
from imgwatch.monitoring.notices import digest_message
from webhook import SECRET, webhook

pytestmark = pytest.mark.e2e


def test_an_open_breaker_is_told_and_no_secret_shows(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with webhook() as server:
        config = write_config(notify=f"{{urls: ['{server.url}']}}", breaker="{window: 4, share: 0.5}")
        with Daemon(config) as daemon:
            for number in range(4):
                bright(inbox / f"b{number}.png")
            wait_until(lambda: server.messages, says=daemon.log.read_text())
            assert server.titles == ["imgwatch: the breaker is open, nothing is moved"]
            wait_until(lambda: daemon.status().get("messages") == {"sent": 1})
            assert SECRET not in run("status", config=config, code=4).stdout
        assert SECRET not in daemon.log.read_text()


def test_a_digest_that_is_due_comes_with_what_was_taken(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with Daemon(write_config()) as daemon:
        bright(inbox / "b.png")
        daemon.wait_judged(1)
    day, now = timedelta(days=1), datetime.now()
    told = digest_message(tmp_path / "quarantine", {"judged": 1}, now - day, now + day, None)
    assert (told.title, told.pictures) == (
        "imgwatch: 1 picture taken",
        [tmp_path / "quarantine" / "pictures" / "b.png"],
    )
    assert "1 judged, 0 quarantined, 0 unreadable\ntaken: 1 " in told.body
    with webhook() as server:
        config = write_config(notify=f"{{urls: ['{server.url}'], digest: daily}}")
        with closing(Ledger(tmp_path / "state" / "ledger.sqlite")) as ledger:
            ledger.facts.put_last_message_digest((date.today() - timedelta(days=3)).isoformat())
        with Daemon(config) as daemon:
            wait_until(lambda: server.messages, says=daemon.log.read_text())
    assert "waiting for you: 1" in server.messages[0]["message"]


def test_a_service_that_hangs_stops_no_move_and_no_stop(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox = tmp_path / "inbox"
    with webhook() as server:
        server.must_hang = True
        config = write_config(notify=f"{{urls: ['{server.url}']}}", breaker="{window: 4, share: 0.5}")
        with Daemon(config) as daemon:
            for number in range(4):
                bright(inbox / f"b{number}.png")
            assert server.has_request.wait(60)
            for number in range(4, 20):
                bright(inbox / f"b{number}.png")
            daemon.wait_judged(20)
            assert daemon.stop() == 0


def test_the_command_says_of_each_service_whether_it_was_reached(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    with webhook() as server, webhook() as refusing:
        refusing.status = 403
        config = write_config(notify=f"{{urls: ['{server.url}', '{refusing.url}', 'nosuch://{SECRET}']}}")
        done = run("notify", "--test", config=config, code=69)
    assert [line.split(";")[0].strip() for line in done.stdout.splitlines()] == [
        "1. json://****: sent",
        "2. json://****: not sent",
        "3. nosuch://****: not sent",
    ]
    assert SECRET not in done.stdout + done.stderr
    assert server.titles == ["imgwatch: a test"]


def test_without_the_extra_it_does_not_start_and_says_what_to_install(write_config: WriteConfig) -> None:
    config = write_config(notify="{urls: ['json://127.0.0.1:9']}")
    program = "import sys; sys.modules['apprise'] = None; from imgwatch.cli import main; sys.exit(main())"
    for command, code in (("watch", 78), ("doctor", 69)):
        asked = [sys.executable, "-c", program, command, "--config", str(config)]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done
        assert "pip install 'imgwatch[notify]'" in done.stdout + done.stderr
