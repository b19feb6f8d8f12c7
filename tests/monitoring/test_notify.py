"""Messages: what goes out, how often it is tried, what is never said."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from conftest import bright
from daemon import wait_until
from imgwatch.config import load_config, parse_config
from imgwatch.errors import ConfigError
from imgwatch.ledger import Ledger
from imgwatch.masking import masked
from imgwatch.monitoring.lasting import CALM_SECONDS, LASTING_SECONDS, LastingTroubles
from imgwatch.monitoring.notices import Notices
from imgwatch.monitoring.notifier import Message, Notifier
from imgwatch.monitoring.urls import require_notify, urls_of
from imgwatch.settings import LimitSettings
from imgwatch.settings.notify import NotifySettings
from imgwatch.status import Pulse
from webhook import SECRET, Webhook, webhook

LIMITS: dict[str, Any] = msgspec.structs.asdict(LimitSettings())
HELLO = Message("hello", "all is well")


@pytest.fixture
def server() -> Iterator[Webhook]:
    with webhook() as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        yield ledger


def pulse(breaker: str = "closed", **troubles: str) -> Pulse:
    return Pulse(0, breaker, "m", 0.5, False, {}, troubles=tuple(troubles.values()), causes=tuple(troubles))


def test_a_message_arrives_with_a_contact_sheet_of_what_can_be_shown(tmp_path: Path, server: Webhook) -> None:
    pictures = [bright(tmp_path / f"{number}.png") for number in range(5)]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with closing(Notifier([server.url], LIMITS)) as notifier:
        delivery = notifier.note(lambda: Message("hello", "all is well", [*pictures, broken]))
        wait_until(lambda: delivery.is_over)
        assert dict(notifier.outcomes) == {"sent": 1}
    (message,) = server.messages
    assert (message["title"], message["message"]) == ("hello", "all is well")
    (attached,) = message["attachments"]
    with Image.open(io.BytesIO(base64.b64decode(attached["base64"]))) as sheet:
        assert (sheet.format, sheet.width) == ("JPEG", 4 * 160 + 3 * 4)
        assert sheet.height > 160


def test_what_is_not_taken_is_tried_again_by_that_service_alone_then_given_up(
    server: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook() as refusing:
        refusing.status = 500
        with closing(Notifier([server.url, refusing.url], LIMITS, pauses=(0.0, 0.0))) as notifier:
            delivery = notifier.note(lambda: HELLO)
            wait_until(lambda: delivery.is_over)
            wait_until(lambda: notifier.trouble)
            assert dict(notifier.outcomes) == {"sent": 1, "failed": 3, "given_up": 1}
            assert server.titles == ["hello"]
            assert [r.levelno for r in caplog.records] == [logging.WARNING]
            refusing.status = 200
            notifier.note(lambda: HELLO)
            wait_until(lambda: notifier.trouble is None)
            wait_until(lambda: "messages go out again" in caplog.text)
    assert SECRET not in caplog.text
    assert "json://****" in caplog.text


def test_a_service_that_hangs_does_not_delay_the_end(server: Webhook) -> None:
    server.must_hang = True
    notifier = Notifier([server.url], LIMITS)
    delivery = notifier.note(lambda: HELLO)
    assert server.has_request.wait(60)
    notifier.close()
    assert not delivery.is_over
    notifier._thread.join(60)
    assert not notifier._thread.is_alive()


def test_a_trouble_that_lasts_is_announced_once_and_again_when_it_has_ended() -> None:
    lasting = LastingTroubles({})
    now = {"move": "the disk is full"}
    assert list(lasting.look(now, 0.0)) == []
    assert list(lasting.look(now, LASTING_SECONDS)) == [("the disk is full", False)]
    assert list(lasting.look({"move": "the disk is still full"}, LASTING_SECONDS + 1)) == []
    assert list(lasting.look({}, LASTING_SECONDS + 2)) == []
    assert list(lasting.look(now, LASTING_SECONDS + 3)) == []
    end = LASTING_SECONDS + 3 + CALM_SECONDS
    after_a_restart = LastingTroubles(lasting.announced)
    assert list(after_a_restart.look({}, 0.0)) == []
    assert list(after_a_restart.look({}, CALM_SECONDS)) == [("the disk is full", True)]
    assert list(lasting.look({}, end)) == [("the disk is full", True)]
    assert list(lasting.look({}, end + 1000)) == []


def test_a_short_trouble_is_not_worth_a_message() -> None:
    lasting = LastingTroubles({})
    for now in range(0, 3000, 400):
        assert list(lasting.look({"turn": "busy"}, now)) == []
        assert list(lasting.look({}, now + 100)) == []
        assert list(lasting.look({}, now + 100 + CALM_SECONDS)) == []


def test_an_open_breaker_and_a_lasting_trouble_are_told_once_over_restarts(
    tmp_path: Path, server: Webhook, ledger: Ledger
) -> None:
    settings = NotifySettings(urls=(server.url,), link="https://photos.example.org")
    now = [0.0]
    ledger.facts.open_breaker("25 of the last 50 pictures would be quarantined")
    for _ in range(2):
        notices = Notices(
            settings, ledger, tmp_path / "quarantine", Notifier([server.url], LIMITS), lambda: now[0]
        )
        for _ in range(2):
            notices.publish(pulse("open", move="the disk is full"), {})
            now[0] += LASTING_SECONDS
        wait_until(lambda: len(server.messages) == 2)
        wait_until(lambda n=notices: all(one.is_over for one, _ in n._on_the_way))  # type: ignore[misc]
        notices.close()
    assert sorted(server.titles) == [
        "imgwatch: the breaker is open, nothing is moved",
        "imgwatch: there is a problem",
    ]
    (breaker,) = [m["message"] for m in server.messages if "breaker" in m["title"]]
    assert "25 of the last 50" in breaker
    assert "0 pictures held back" in breaker
    assert "imgwatch resume\nhttps://photos.example.org" in breaker


def test_the_digest_comes_when_its_days_are_over_also_over_restarts(
    tmp_path: Path, server: Webhook, ledger: Ledger
) -> None:
    today = [datetime(2026, 3, 1, 9)]

    def day() -> None:
        notifier = Notifier([server.url], LIMITS)
        notices = Notices(
            NotifySettings(urls=(server.url,)), ledger, tmp_path / "q", notifier, now=lambda: today[0]
        )
        notices.keep_house()
        notices.keep_house()
        wait_until(lambda: all(one.is_over for one, _ in notices._on_the_way))
        notices.close()
        today[0] += timedelta(days=1)

    for _ in range(7):
        day()
    assert server.messages == []
    day()
    (message,) = server.messages
    assert message["message"].startswith("2026-03-01 to 2026-03-07: 0 judged, 0 quarantined")
    assert message["attachments"] == []
    for _ in range(6):
        day()
    assert len(server.messages) == 1


def test_urls_are_cut_to_their_schemes() -> None:
    assert masked("tgram://1:a/2 and mailtos://u:p@h?to=x") == "tgram://**** and mailtos://****"


@pytest.mark.parametrize(
    "line",
    [
        f"notify: json://{SECRET}",
        f"notify: {{urls: json://{SECRET}}}",
        f"notify: {{urls: [json://a, 'x {SECRET}']}}",
        f"notify: {{urls: [json://{SECRET}: {SECRET}: x",
        f"notify: {{link: json://{SECRET}}}",
    ],
)
def test_no_fault_of_the_config_says_a_secret(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"watch: [{{path: /a}}]\n{line}\n", "c.yaml")
    assert SECRET not in str(caught.value)


def test_a_file_of_urls_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    settings = NotifySettings(urls=("json://a",), urls_file=file)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        urls_of(settings)
    file.write_text("# mine\n\nntfy://topic\n")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        urls_of(settings)
    file.chmod(0o600)
    assert urls_of(settings) == ["json://a", "ntfy://topic"]
    file.write_text("")
    with pytest.raises(ConfigError, match="holds no URL"):
        require_notify(NotifySettings(urls_file=file))


def test_nothing_is_asked_for_by_default(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"watch: [{{path: {tmp_path}}}]\n")
    assert not load_config(config).notify.is_on
