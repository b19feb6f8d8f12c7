"""The page about settings, asked directly: choices edit a text, which is written after its difference was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.config import load_config
from imgwatch.config.history import History
from imgwatch.setup_pages.app import open_pages


@pytest.fixture
def config(home: Path) -> Path:
    """Return a config with comments of the user's."""
    file = home / "config.yaml"
    file.write_text(
        f"# mine\nwatch:\n  - path: {home}/Pictures/Inbox  # the phone's\nstate: {home}/state\n"
        "kinds:\n  card:  # of friends\n    - {in: [a], action: keep}\n    - after_days: 7\n"
    )
    return file


@pytest.fixture
def client(config: Path) -> Iterator[TestClient]:
    with open_pages(config, DEFAULT_MODEL, lambda _: None) as pages, TestClient(pages.app()) as client:
        yield client


def edit(client: TestClient, text: str, **choice: Any) -> dict[str, Any]:
    answer = client.post("/settings/edit", json={"text": text, **choice})
    assert answer.status_code == 200, answer.text
    facts: dict[str, Any] = answer.json()
    return facts


def version(client: TestClient) -> str:
    return client.get("/settings").text.partition('data-version="')[2].partition('"')[0]


def test_what_the_config_says_is_shown(client: TestClient, config: Path, home: Path) -> None:
    facts = edit(client, config.read_text())
    assert facts["diff"] == ""
    assert facts["folders"] == [f"{home}/Pictures/Inbox"]
    assert facts["kinds"]["card"] is None, "several rules have no fields"
    assert facts["kinds"]["dark"] == {
        "action": "quarantine",
        "to": None,
        "after_days": None,
        "false_alarms": None,
    }
    assert (facts["mode"], facts["false_alarms"], facts["has_other_rule"]) == ("auto", None, False)


def test_choices_add_up_and_comments_stay(client: TestClient, config: Path, home: Path) -> None:
    before = text = config.read_text()
    (home / "More").mkdir()
    rule = {"action": "move", "to": f"{home}/Screens/%Y", "after_days": 30, "false_alarms": 0.005}
    choices: list[dict[str, Any]] = [
        {"key": "kinds.screenshot", "value": rule},
        {"key": "kinds.document", "value": "keep"},
        {"key": "threshold.false_alarms", "value": 0.02},
        {"key": "mode", "value": "report"},
        {"add": "~/More"},
    ]
    for choice in choices:
        text = edit(client, text, **choice)["text"]
    assert config.read_text() == before, "nothing is written yet"
    facts = edit(client, text)
    assert facts["kinds"]["screenshot"] == rule
    assert facts["folders"] == [f"{home}/Pictures/Inbox", f"{home}/More"]
    answer = client.post("/settings/write", json={"text": text, "version": version(client)}).json()
    assert "config.yaml is written. No daemon runs" in answer["says"]
    assert answer["version"] == version(client)
    settings = load_config(config)
    assert settings.kinds.of("document")[0].action == "keep"
    assert settings.mode == "report"
    for comment in ("# mine", "# the phone's", "# of friends"):
        assert comment in config.read_text()
    last = History.of(config).last
    assert last is not None
    assert last.before == before, "it can be undone"
    facts = edit(client, config.read_text(), remove=f"{home}/More")
    assert facts["folders"] == [f"{home}/Pictures/Inbox"]


def test_ends_of_lines_stay_though_a_browser_changes_them(client: TestClient, config: Path) -> None:
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    before = config.read_bytes()
    from_browser = edit(client, config.read_text())["text"].replace("\r\n", "\n")
    facts = edit(client, from_browser, key="kinds.dark", value="keep")
    client.post(
        "/settings/write", json={"text": facts["text"].replace("\r\n", "\n"), "version": version(client)}
    )
    lines = config.read_bytes().splitlines(keepends=True)
    assert {line for line in before.splitlines(keepends=True)} < set(lines)
    assert all(line.endswith(b"\r\n") for line in lines)


def test_without_a_promise_the_model_has_its_own(client: TestClient, config: Path) -> None:
    text = edit(client, config.read_text(), key="threshold.false_alarms", value=0.02)["text"]
    facts = edit(client, text, key="threshold", value=None)
    assert facts["false_alarms"] is None
    assert "threshold: null" in facts["text"]


def test_the_text_itself_may_be_changed_and_its_faults_are_named(client: TestClient, config: Path) -> None:
    answer = client.post("/settings/edit", json={"text": f"{config.read_text()}mode: never\n"})
    assert answer.status_code == 400
    assert "mode" in answer.json()["error"]
    assert edit(client, f"{config.read_text()}mode: report\n")["mode"] == "report"
    faulty = {"text": "watch: [", "version": version(client)}
    assert client.post("/settings/write", json=faulty).status_code == 400
    assert "# mine" in config.read_text()


@pytest.mark.parametrize(
    "choice",
    [
        {"key": "state", "value": "/tmp/x"},
        {"key": "kinds.document", "value": {"action": "move"}},
        {"key": "kinds.document", "value": "burn"},
        {"add": "/no/such/folder"},
        {"add": "relative"},
        {"add": 7},
        {"remove": "/no/such/folder"},
        {"text": None},
        {"text": "watch: [", "key": "mode", "value": "report"},
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, config: Path, choice: dict[str, Any]) -> None:
    before = config.read_text()
    answer = client.post("/settings/edit", json={"text": before, **choice})
    assert 400 <= answer.status_code < 500, answer.text
    assert config.read_text() == before


def test_a_config_that_changed_meanwhile_is_not_overwritten(client: TestClient, config: Path) -> None:
    seen = version(client)
    config.write_text(config.read_text() + "mode: report\n")
    answer = client.post("/settings/write", json={"text": config.read_text(), "version": seen})
    assert answer.status_code == 409


def test_without_a_config_there_are_no_settings(home: Path) -> None:
    with (
        open_pages(home / "none.yaml", DEFAULT_MODEL, lambda _: None) as pages,
        TestClient(pages.app()) as client,
    ):
        assert client.get("/settings").status_code == 409
        assert client.post("/settings/edit", json={"text": ""}).status_code == 409


def test_a_config_that_is_not_text_is_said(client: TestClient, config: Path) -> None:
    config.write_bytes(b"\xff\xfe")
    answer = client.get("/settings")
    assert answer.status_code == 400
    assert "cannot be read as a config" in answer.text
