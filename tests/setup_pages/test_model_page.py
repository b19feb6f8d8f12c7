"""The setup's page about models, asked directly: a training in the background, a comparison, a new model taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from conftest import WriteConfig, bright, write_brightness_model
from daemon import wait_until
from imgwatch import console
from imgwatch.commands.configured_models import DEFAULT_MODEL
from imgwatch.config import load_config
from imgwatch.extras import MODULES
from imgwatch.setup_pages.app import open_pages
from imgwatch.setup_pages.model_page import train_command

TRAINING = """
import pathlib, shutil, sys, time
out, ready, go_on = map(pathlib.Path, sys.argv[1:])
print("epoch: 1 of 2 \\x1b[31m", flush=True)
while not go_on.exists():
    time.sleep(0.01)
shutil.copy(ready, out)
print("written")
"""


@pytest.fixture
def config(tmp_path: Path, write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a config with a model of the user's own."""
    monkeypatch.setitem(MODULES, "train", ())  # what trains here needs nothing
    model = write_brightness_model(tmp_path / "mine.onnx")
    return write_config(model=str(model))


@pytest.fixture
def client(tmp_path: Path, config: Path) -> Iterator[TestClient]:
    ready = write_brightness_model(tmp_path / "ready.onnx", threshold=0.2)

    def train(_: Path, out: Path) -> Sequence[str]:
        return [sys.executable, "-S", "-c", TRAINING, str(out), str(ready), str(tmp_path / "go on")]

    with open_pages(config, DEFAULT_MODEL, lambda _: None, train) as pages, TestClient(pages.app()) as client:
        yield client


def state(client: TestClient) -> str:
    said: str = client.get("/model/training").json()["state"]
    return said


def test_a_training_goes_on_without_a_page_and_its_model_is_compared_and_taken(
    client: TestClient, tmp_path: Path, config: Path
) -> None:
    assert "Train a model" in client.get("/model").text
    assert client.get("/model/training").json() == {
        "state": "none",
        "log": "",
        "waiting": None,
        "kept_as": "mine.new.previous.onnx",
    }
    assert client.post("/model/train", json={}).json()["state"] == "running"
    wait_until(lambda: "epoch: 1 of 2" in client.get("/model/training").json()["log"])
    assert "\x1b" not in client.get("/model/training").json()["log"]
    assert client.post("/model/train", json={}).status_code == 400, "one at a time"
    assert not (tmp_path / "mine.new.onnx").exists()
    (tmp_path / "go on").touch()
    wait_until(lambda: state(client) == "done")
    assert client.get("/model/training").json()["waiting"] == "mine.new.onnx"
    assert client.get("/model/training").json()["log"].endswith("written")

    bright(tmp_path / "inbox" / "bright.png")
    assert client.get("/model/comparison").json() == {"state": "none"}
    assert client.post("/model/use", json={"name": "any"}).status_code == 409, "nothing was compared"
    client.post("/model/compare", json={})
    wait_until(lambda: client.get("/model/comparison").json()["state"] == "done")
    compared = client.get("/model/comparison").json()
    assert (compared["kept"], compared["quarantined"], compared["diff"]) == (1, 0, "")
    assert [(one["model"], one["kept"]) for one in compared["models"]] == [
        ("in use", {"stranger": 1}),
        ("new", {"stranger": 1}),
    ]
    assert client.post("/model/use", json={"name": "another"}).status_code == 409
    name = compared["models"][1]["name"]
    assert "is in use" in client.post("/model/use", json={"name": name}).json()["says"]
    assert (tmp_path / "mine.onnx").read_bytes() == (tmp_path / "ready.onnx").read_bytes()
    assert (tmp_path / "mine.previous.onnx").exists()
    assert load_config(config).own_model == tmp_path / "mine.onnx"


def test_a_model_that_waits_outlives_a_training_that_does_not_end(client: TestClient, tmp_path: Path) -> None:
    waiting = tmp_path / "mine.new.onnx"
    waiting.write_bytes(b"an hour of training")
    for _ in range(2):
        assert client.post("/model/train", json={}).json()["waiting"] == waiting.name
        wait_until(lambda: "epoch" in client.get("/model/training").json()["log"])
        assert waiting.read_bytes() == b"an hour of training"
        assert client.post("/model/cancel", json={}).json()["waiting"] == waiting.name
        assert waiting.read_bytes() == b"an hour of training"


def test_a_training_is_cancelled_and_leaves_the_model_in_use(client: TestClient, tmp_path: Path) -> None:
    client.post("/model/train", json={})
    wait_until(lambda: "epoch" in client.get("/model/training").json()["log"])
    assert client.post("/model/cancel", json={}).json()["state"] == "cancelled"
    assert not (tmp_path / "mine.new.onnx").exists()
    assert (tmp_path / "mine.onnx").exists()
    assert (tmp_path / "state" / "training.log").stat().st_mode & 0o777 == 0o600
    assert client.post("/model/train", json={}).json()["state"] == "running", "it may be begun again"


def test_what_training_needs_is_said(
    client: TestClient, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODULES, "train", ("no_such_module",))
    refused = client.post("/model/train", json={})
    assert refused.status_code == 400
    assert "pip install 'imgwatch[train]'" in refused.json()["error"]
    config.unlink()
    assert client.get("/model").status_code == 409


def test_a_training_that_fails_says_why_in_its_log(config: Path) -> None:
    def train(*_: Path) -> Sequence[str]:
        return [sys.executable, "-S", "-c", "raise SystemExit('too few pictures')"]

    with open_pages(config, DEFAULT_MODEL, lambda _: None, train) as pages, TestClient(pages.app()) as client:
        client.post("/model/train", json={})
        wait_until(lambda: state(client) == "failed")
        assert client.get("/model/training").json()["log"] == "too few pictures"


def test_the_real_command_takes_its_options_and_the_watched_folders(config: Path, tmp_path: Path) -> None:
    command = train_command(config, tmp_path / "mine.new.onnx")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    without_the_extra, without_pictures = 69, 66
    assert done.returncode in (without_the_extra, without_pictures), done.stderr
    assert done.returncode == without_the_extra or "inbox: no pictures in this folder" in done.stderr


def test_a_log_has_a_line_for_each_stage_and_for_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(in_lines=True) as progress:
        for done in (1, 2, 3):
            progress("decode", done, 3)
        progress("fit", 1, 0)
    assert capsys.readouterr().err.splitlines() == ["decode: 1 of 3", "decode: 3 of 3", "fit: 1"]
