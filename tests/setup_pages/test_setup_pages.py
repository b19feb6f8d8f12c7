"""The setup's page, asked directly: it learns in the background, shows what would move, and writes when told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from daemon import wait_until
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.config import load_config
from imgwatch.setup_pages.app import open_pages


@pytest.fixture
def installed() -> list[Path]:
    """Return the configs for which a service was installed."""
    return []


@pytest.fixture
def client(home: Path, installed: list[Path]) -> Iterator[TestClient]:
    with (
        open_pages(home / "config.yaml", DEFAULT_MODEL, installed.append) as pages,
        TestClient(pages.app()) as client,
    ):
        yield client


def learn(client: TestClient, home: Path) -> dict[str, Any]:
    """Learn from the album, and return the outlook."""
    folders = {"watch": str(home / "Pictures" / "Inbox"), "normal": str(home / "Pictures" / "Album")}
    assert client.post("/learn", json=folders).status_code == 200
    wait_until(lambda: client.get("/progress").json()["state"] == "done")
    outlook: dict[str, Any] = client.get("/outlook").json()
    return outlook


def test_what_each_promise_would_move_is_shown_and_the_choice_is_written(
    client: TestClient, home: Path, installed: list[Path]
) -> None:
    assert client.get("/progress").json() == {"state": "none"}
    outlook = learn(client, home)
    assert (outlook["learned"], outlook["pictures"], outlook["present"]) == (24, 1, 0.01)
    shares = [line["share"] for line in outlook["promises"]]
    thresholds = [line["threshold"] for line in outlook["promises"]]
    assert shares == sorted(shares)
    assert thresholds == sorted(thresholds, reverse=True)
    assert outlook["promises"][0]["fewest"] > 24, "such a promise takes more pictures"
    assert [one["name"] for one in outlook["strangers"]] == ["junk.png"]
    assert client.get("/strangers/0").headers["content-type"] == "image/jpeg"
    assert client.get("/strangers/1").status_code == 404
    assert not (home / "config.yaml").exists()
    assert client.post("/changes", json={"share": 0.02}).json() == {"diff": ""}
    said = client.post("/write", json={"share": 0.02, "service": True}).json()["says"]
    assert said[-1] == "The service is installed and runs."
    assert installed == [home / "config.yaml"]
    settings = load_config(home / "config.yaml")
    assert settings.threshold is not None
    assert settings.threshold.false_alarms == 0.02
    assert settings.own_model is not None
    assert settings.own_model.exists()
    assert client.get("/outlook").status_code == 409, "it is done"


def test_a_config_that_is_there_is_changed_after_its_diff_was_shown(client: TestClient, home: Path) -> None:
    before = f"watch: [{{path: {home}/Pictures/Inbox}}] # mine\n"
    (home / "config.yaml").write_text(before)
    assert "disabled" in client.get("/").text, "the folder is the config's"
    learn(client, home)
    diff = client.post("/changes", json={"share": 0.05, "only_reports": True}).json()["diff"].splitlines()
    added = [line[1:] for line in diff if line.startswith("+") and not line.startswith("+++")]
    assert added[1:] == ["threshold:", "  false_alarms: 0.05", "mode: report"]
    assert (home / "config.yaml").read_text() == before
    client.post("/write", json={"share": 0.05, "only_reports": True})
    assert (home / "config.yaml").read_text() == before + "".join(f"{line}\n" for line in added)


def test_a_config_that_is_edited_while_the_setup_learns_is_not_overwritten(
    client: TestClient, home: Path
) -> None:
    config = home / "config.yaml"
    config.write_text(f"watch: [{{path: {home}/Pictures/Inbox}}]\n")
    learn(client, home)
    config.write_text(config.read_text() + "mode: report\n")
    answer = client.post("/write", json={"share": 0.02})
    assert answer.status_code == 400
    assert "was changed meanwhile" in answer.json()["error"]
    assert config.read_text().endswith("mode: report\n")


def test_what_cannot_be_is_said(client: TestClient, home: Path) -> None:
    def refusal(watch: str, normal: str = "") -> str:
        answer = client.post("/learn", json={"watch": watch, "normal": normal})
        assert answer.status_code == 400
        error: str = answer.json()["error"]
        return error

    assert "no such folder" in refusal("/nowhere")
    assert "which folder" in refusal("")
    client.post("/learn", json={"watch": str(home / "Pictures" / "Inbox"), "normal": ""})
    wait_until(lambda: client.get("/progress").json()["state"] == "failed")
    assert "at least 20 readable pictures" in client.get("/progress").json()["error"]
    for address in ("/changes", "/write"):
        assert client.post(address, json={"share": 0.01}).status_code == 409
    learn(client, home)
    assert client.post("/write", json={"share": 0.3}).status_code == 400
    assert not (home / "config.yaml").exists()
