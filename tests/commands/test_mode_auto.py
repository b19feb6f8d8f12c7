"""`mode: auto`: the general model reports and moves nothing, one of the user's own moves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conftest import WriteConfig, bright, brightness_contract, brightness_graph, write_brightness_model
from daemon import Daemon, objects, run, wait_until
from imgwatch.model.contract import write_model

pytestmark = pytest.mark.e2e


def test_nothing_is_moved_until_the_model_is_ones_own(tmp_path: Path, write_config: WriteConfig) -> None:
    inbox, model = tmp_path / "inbox", tmp_path / "model.onnx"
    write_model(brightness_graph(), msgspec.structs.replace(brightness_contract(), generic=True), model)
    config = write_config(model=str(model))
    moved = tmp_path / "quarantine" / "pictures" / "b.png"
    with Daemon(config) as daemon:
        daemon.wait_log("nothing will be moved: mode is auto")
        bright(inbox / "a.png")
        daemon.wait_judged(1)
        status = daemon.status()
        assert (status["mode"], status["quarantined"]) == ("auto", 0)
        assert "nothing is moved: mode is auto" in status["mode_says"]
        assert (inbox / "a.png").exists()
        assert "Nothing was moved: mode is auto" in run("rescan", config=config).stdout
        [reported] = objects(run("status", "--list", "reported", "--json", config=config).stdout)
        assert Path(reported["path"]).name == "a.png"

        write_brightness_model(model)
        daemon.wait_log("using model")
        bright(inbox / "b.png")
        wait_until(moved.exists)
        wait_until(lambda: daemon.status()["mode_says"] is None)
    assert (inbox / "a.png").exists(), "what was reported is for `rescan` to move"
    assert "1 quarantined" in run("rescan", config=config).stdout


def test_mode_quarantine_moves_by_the_general_model(tmp_path: Path, write_config: WriteConfig) -> None:
    model = tmp_path / "model.onnx"
    write_model(brightness_graph(), msgspec.structs.replace(brightness_contract(), generic=True), model)
    bright(tmp_path / "inbox" / "a.png")
    assert "1 quarantined" in run("rescan", config=write_config(model=str(model), mode="quarantine")).stdout


@pytest.mark.parametrize(("threshold", "moves"), [("{score: 0.5}", True), ("{false_alarms: 0.01}", False)])
def test_a_score_is_the_users_word_and_a_promise_is_not_kept(
    tmp_path: Path, write_config: WriteConfig, threshold: str, moves: bool
) -> None:
    model = tmp_path / "model.onnx"
    write_model(brightness_graph(), msgspec.structs.replace(brightness_contract(), generic=True), model)
    picture = bright(tmp_path / "inbox" / "a.png")
    run("rescan", config=write_config(model=str(model), threshold=threshold))
    assert picture.exists() is not moves


def test_what_is_said_to_be_moved_does_not_leave_out_copies(
    tmp_path: Path, write_config: WriteConfig
) -> None:
    model = tmp_path / "model.onnx"
    write_model(brightness_graph(), msgspec.structs.replace(brightness_contract(), generic=True), model)
    bright(tmp_path / "inbox" / "a.png")
    config = write_config(model=str(model), duplicates="{action: quarantine}")
    assert "Nothing but copies was moved: mode is auto" in run("rescan", config=config).stdout
    assert "so nothing but copies is moved" in run("doctor", config=config, code=None).stdout
    with Daemon(config) as daemon:
        daemon.wait_log("nothing but copies will be moved: mode is auto")
        assert "nothing but copies is moved: mode is auto" in daemon.status()["mode_says"]
