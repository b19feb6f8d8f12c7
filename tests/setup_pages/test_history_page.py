"""The page about changes of the config, asked directly: they are listed, undone one after another, and made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.config.editing import replace_config
from imgwatch.config.history import history_file
from imgwatch.config.yaml_text import with_key
from imgwatch.setup_pages.app import open_pages


@pytest.fixture
def config(home: Path) -> Path:
    file = home / "config.yaml"
    file.write_text(f"watch: [{{path: {home}/Pictures/Inbox}}]\nstate: {home}/state\n")
    return file


@pytest.fixture
def client(config: Path) -> Iterator[TestClient]:
    with open_pages(config, DEFAULT_MODEL, lambda _: None) as pages, TestClient(pages.app()) as client:
        yield client


def changes(client: TestClient) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.get("/history/changes").json()["changes"]
    return listed


def test_changes_are_listed_undone_one_after_another_and_made_again(client: TestClient, config: Path) -> None:
    assert "Changes of the config" in client.get("/history").text
    assert changes(client) == []
    texts = [config.read_text()]
    for key, value in {"mode": "report", "threads": 3}.items():
        texts.append(with_key(texts[-1], key, value))
        replace_config(config, texts[-1])
    texts.append(texts[-1] + "# by hand\n")
    config.write_text(texts[-1])
    assert [(change["summary"], change["by"], change["step"]) for change in changes(client)] == [
        ("comments or spelling", "hand", "undo"),
        ("threads: 3", "imgwatch", None),
        ("mode: report", "imgwatch", None),
    ]
    for number, text in enumerate(texts[-2::-1]):
        answer = client.post("/history/undo", json={"diff": changes(client)[number]["diff"]})
        assert "as it was before. No daemon runs" in answer.json()["says"]
        assert config.read_text() == text
    assert [change["step"] for change in changes(client)] == [None, None, "redo"]
    answer = client.post("/history/redo", json={"diff": changes(client)[2]["diff"]})
    assert "is changed again" in answer.json()["says"]
    assert config.read_text() == texts[1]


def test_another_change_than_the_one_shown_is_not_undone(client: TestClient, config: Path) -> None:
    replace_config(config, with_key(config.read_text(), "mode", "report"))
    [shown] = changes(client)
    by_hand = config.read_text() + "threads: 3\n"
    config.write_text(by_hand)
    for step in ("undo", "redo"):
        assert client.post(f"/history/{step}", json={"diff": shown["diff"]}).status_code == 409
        assert client.post(f"/history/{step}", json={}).status_code == 409
    assert config.read_text() == by_hand


def test_a_damaged_history_is_said(client: TestClient, config: Path) -> None:
    history_file(config).write_text("{")
    answer = client.get("/history/changes")
    assert answer.status_code == 400
    assert "remove it" in answer.json()["error"]


def test_without_a_config_there_is_no_history(client: TestClient, config: Path) -> None:
    config.unlink()
    assert client.get("/history").status_code == 409
    assert client.post("/history/undo", json={"diff": ""}).status_code == 409
